#include "api/log_store/stored_logs.h"

namespace roost::api {

Result<LogAnswer> StoredLogs::read_table(const LogQuery& query) {
  // A connection that was idle may have been lost meanwhile.
  for (int attempt = 0;; ++attempt) {
    auto answer = table_.open() ? table_.read(query) : Result<LogAnswer>(fail("the database is away"));
    if (answer || attempt > 0) return answer;
  }
}

Result<LogAnswer> StoredLogs::read(const LogQuery& query) {
  const bool shipped = shipper_.ship_now(kShipMs);
  auto answer = read_table(query);
  if (answer) {
    answer->incomplete |= !shipped;
    return answer;
  }
  events_.warning("logs of this host only", {{"server", table_.server()}, {"why", answer.error().what}});
  auto local = read_request_logs(directory_, query);
  if (local) local->incomplete = true;
  return local;
}

}  // namespace roost::api
