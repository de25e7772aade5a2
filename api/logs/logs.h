#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/input.h"
#include "api/http/service.h"
#include "api/logs/log_reader.h"
#include "api/logs/request_log.h"
#include "common/base/work_queue.h"
#include "common/net/event_loop.h"
#include "common/net/timer.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Who may read /logs.
enum class LogAccess : uint8_t {
  open,      ///< anyone
  loopback,  ///< clients on this host, directly or through a proxy on this host
  token,     ///< requests with `Authorization: Bearer <token>`
};

/// Whether this request may read the log.
bool may_read_logs(LogAccess access, std::string_view token, const Request& request);

/// The query of /logs and the format of its answer.
struct LogsQuery {
  static constexpr size_t kDefaultLimit = 10'000;
  LogQuery query;
  bool full = false;  ///< format=full: objects with all fields instead of pairs
};
/// limit, since (ISO 8601 or Unix milliseconds), method, path, kind=api|db, format=pairs|full; else 422.
Input<LogsQuery> read_logs_query(const Request& request);

/// {"requests":[["GET","/api/tweets"],…],"db_accesses":[["SELECT","tweets"],…],"request_count":…,"db_access_count":…,
///  "incomplete":…}; with `full`, objects instead of pairs.
std::string logs_body(const LogAnswer& answer, bool full);

/// GET /logs: all API calls and database accesses of this host's workers before the request (or what Options::read
/// finds), newest last. Workers write
/// their files shortly after they answer, so the files are read kSettleMs later, on a thread of its own.
class Logs {
 public:
  static constexpr int64_t kSettleMs = 20;
  static constexpr size_t kMaxWaiting = 64;  ///< requests at a time; one more gets 503
  static constexpr size_t kMaxQueued = 64;   ///< of those, that wait for the thread

  struct Options {
    std::string directory;
    /// Where it is not the files of this host that are read. Blocks; called on the reading thread alone.
    std::function<Result<LogAnswer>(const LogQuery&)> read = {};
    LogAccess access = LogAccess::loopback;
    std::string token;
  };
  /// All outlive it. `page` answers requests for HTML.
  Logs(Options options, net::EventLoop& loop, RequestLog& own, observe::EventLog& events, Action page);
  ~Logs();
  void add_to(Router& router);

 private:
  struct Waiting;
  void answer(Request& request, Reply reply);
  void read(LogsQuery query, Reply reply);

  const Options options_;
  net::EventLoop& loop_;
  RequestLog& own_;
  observe::EventLog& events_;
  Action page_;
  std::vector<std::unique_ptr<Waiting>> waiting_;  ///< for their kSettleMs
  WorkQueue readers_{{.threads = 1, .max_queued = kMaxQueued}};
};

}  // namespace roost::api
