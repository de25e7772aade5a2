#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "api/db/postgres/pg_statement.h"
#include "api/db/postgres/pg_target.h"

struct pg_conn;

namespace roost::api {

/// One connection to PostgreSQL for a thread that may block; each call ends within its time all the same. One thread at
/// a time.
class PgSession {
 public:
  struct Limits {
    int64_t connect_timeout_ms = 2000;
    int64_t statement_timeout_ms = 4000;  ///< the server's own, set for the session
    int64_t answer_timeout_ms = 5000;     ///< after which the connection is given up
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
  /// Several statements without parameters, one transaction unless they say otherwise; the last one's rows. At most
  /// `timeout_ms`.
  PgResult<PgRows> run_script(const std::string& sql, int64_t timeout_ms);
  /// Ends the connection under whatever is under way, which then fails. From any thread; does not block.
  void break_off() const;
  /// False after a failure that took the connection with it.
  bool usable() const;

 private:
  PgSession(pg_conn* raw, const Limits& limits) : raw_(raw), limits_(limits) {}
  PgResult<void> prepare(const PgStatement& statement, const PgParams& params);
  PgResult<PgRows> collect(int64_t timeout_ms);
  bool flush(int64_t until_ms);
  PgFailure broken(const char* what);

  pg_conn* raw_;
  const Limits limits_;
  bool given_up_ = false;
  std::set<const PgStatement*> prepared_;
};

}  // namespace roost::api
