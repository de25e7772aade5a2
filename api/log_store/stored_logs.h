#pragma once

#include <string>

#include "api/log_store/log_shipper.h"
#include "api/log_store/log_table.h"
#include "api/logs/log_reader.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// What /logs reads where the logs of all hosts are in PostgreSQL: what this worker has logged so far is in it, what
/// others have with up to LogShipper::kPeriodMs of delay. While the database is away, the files of this host, marked
/// incomplete. Blocks; one thread at a time.
class StoredLogs {
 public:
  static constexpr int64_t kShipMs = 1'000;

  /// `shipper` and `events` outlive it.
  StoredLogs(std::string directory, LogShipper& shipper, const PgTarget& target, const PgSession::Limits& limits,
             observe::EventLog& events)
      : directory_(std::move(directory)), shipper_(shipper), table_(target, limits), events_(events) {}

  Result<LogAnswer> read(const LogQuery& query);

 private:
  Result<LogAnswer> read_table(const LogQuery& query);

  const std::string directory_;
  LogShipper& shipper_;
  LogTable table_;
  observe::EventLog& events_;
};

}  // namespace roost::api
