#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "api/db/postgres/pg_session.h"
#include "api/log_store/log_days.h"
#include "api/log_store/log_rows.h"
#include "api/log_store/log_tail.h"
#include "api/logs/log_reader.h"
#include "common/base/mutex.h"
#include "common/base/result.h"

namespace roost::api {

/// The tables of request logs in PostgreSQL: `request_logs`, a partition per day, and `log_positions`, how far each
/// worker's files are in it. Made by whoever comes first, at the first open(). One blocking connection, which every
/// failure closes. One thread at a time, but for break_off().
class LogTable {
 public:
  LogTable(PgTarget target, const PgSession::Limits& limits) : target_(std::move(target)), limits_(limits) {}

  /// Connects, and makes what is missing. Does nothing while it is open.
  Result<void> open();
  bool is_open() const { return session_ != nullptr; }
  void close();
  /// From any thread: the call under way fails, unless it is connecting.
  void break_off();

  /// How far the files of `source` are stored; `source` is hexadecimal.
  Result<LogPosition> position_of(const std::string& source);
  /// Adds the rows and moves the position from `from` to `to`, both or neither, whatever happens on the way: after an
  /// error position_of() tells which. An error, too, when the position was not `from`.
  Result<void> append(const std::string& source, const LogPosition& from, const LogPosition& to, const LogRows& rows);
  /// Makes the partitions of today and tomorrow, and drops those of days that are not kept.
  Result<void> keep(const KeptLogDays& kept);
  /// As read_request_logs(), of all hosts. malformed_lines stays 0, and max_scan_bytes does not count: the statement's
  /// time limit does.
  Result<LogAnswer> read(const LogQuery& query);
  const std::string& server() const { return target_.name(); }

 private:
  Result<PgRows> run(const std::string& sql);
  Result<void> run_locked(const std::string& sql);
  Result<void> make_partition(int64_t day);
  template <class T>
  Result<T> checked(PgResult<T> result);

  void set_session(std::unique_ptr<PgSession> session);

  const PgTarget target_;
  PgSession::Limits limits_;
  std::unique_ptr<PgSession> session_;
  Mutex mutex_;
  const PgSession* at_work_ ROOST_GUARDED_BY(mutex_) = nullptr;  ///< session_, for break_off()
  std::set<int64_t> made_;                                       ///< days whose partition is known to exist
};

}  // namespace roost::api
