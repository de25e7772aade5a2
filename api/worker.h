#pragma once

#include <memory>
#include <string>

#include "api/config.h"
#include "common/base/result.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// One API worker: its parts, made and connected. Lives on the thread that runs its loop.
class Worker {
 public:
  /// Binds the port, then makes directories and opens log, database and journal. The error is one sentence for the
  /// operator.
  static Result<std::unique_ptr<Worker>> start(const Config& config, observe::EventLog& events);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Serves until SIGTERM, SIGINT or SIGQUIT, then drains: not ready, no new requests, those under way answered,
  /// pending likes flushed, all within drain_timeout_ms; the log written. A second one stops it at once. SIGUSR1 and
  /// SIGHUP reopen the request log; SIGUSR2 has no effect.
  void run();
  /// Where it listens ("127.0.0.1:9001"); not after run() has returned.
  std::string address() const;
  const std::string& name() const;

 private:
  class Body;
  explicit Worker(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace roost::api
