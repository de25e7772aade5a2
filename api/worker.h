#pragma once

#include <memory>
#include <string>

#include "api/config.h"
#include "common/base/result.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// One API worker: everything it is made of, wired together. Lives on the thread that runs its loop.
class Worker {
 public:
  /// Makes directories, opens database, journal, log and port. The error is one sentence for who started it.
  static Result<std::unique_ptr<Worker>> start(const Config& config, observe::EventLog& events);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Serves until SIGTERM or SIGINT, then drains: not ready, no new requests, those under way answered (at most
  /// drain_timeout_ms), pending likes sent for as long as remains, the log written.
  void run();
  /// Where it listens: "127.0.0.1:9001".
  std::string address() const;
  const std::string& name() const;

 private:
  class Body;
  explicit Worker(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace roost::api
