#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "api/db/postgres/pg_statement.h"
#include "api/db/postgres/pg_target.h"

struct pg_conn;

namespace roost::api {

/// One blocking connection to PostgreSQL; every call has a time limit. One thread at a time.
class PgSession {
 public:
  struct Limits {
    int64_t connect_timeout_ms = 2000;
    int64_t statement_timeout_ms = 4000;  ///< enforced by the server
    int64_t answer_timeout_ms = 5000;     ///< after which the connection is closed
    bool session = true;                  ///< as PgConnection::Options::session
    std::string name = "roost-api";       ///< in pg_stat_activity
    size_t first_host = 0;                ///< of several, as PgTarget::settings
  };

  /// A failure is `try_later`.
  static PgResult<std::unique_ptr<PgSession>> connect(const PgTarget& target, const Limits& limits);
  ~PgSession();
  PgSession(const PgSession&) = delete;
  PgSession& operator=(const PgSession&) = delete;

  /// One statement, one transaction: committed when this returns rows.
  PgResult<PgRows> run(const PgStatement& statement, const PgParams& params);
  /// Several statements without parameters, one transaction unless they say otherwise; returns the last one's rows.
  /// Takes at most `timeout_ms`.
  PgResult<PgRows> run_script(const std::string& sql, int64_t timeout_ms);
  /// `sql`: a COPY … FROM STDIN, which gets `text`.
  PgResult<PgRows> copy_in(const std::string& sql, std::string_view text, int64_t timeout_ms);
  /// Closes the connection; a call under way fails. From any thread; does not block.
  void break_off() const;
  /// False after a failure that closed the connection.
  bool usable() const;

 private:
  PgSession(pg_conn* raw, const Limits& limits) : raw_(raw), limits_(limits) {}
  PgResult<void> prepare(const PgStatement& statement, const PgParams& params);
  PgResult<PgRows> collect(int64_t timeout_ms);
  bool flush(int64_t until_ms);
  bool wait_for_result(int64_t until_ms);
  PgFailure broken(const char* what);

  pg_conn* raw_;
  const Limits limits_;
  bool given_up_ = false;
  std::set<const PgStatement*> prepared_;
};

}  // namespace roost::api
