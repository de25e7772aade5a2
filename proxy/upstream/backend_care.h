#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "common/net/event_loop.h"
#include "common/net/timer.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/backend_upkeep.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/health/check_history.h"
#include "proxy/upstream/health/health_probe.h"

namespace roost::proxy {

/// Looks after one backend in the background: its checks, and its upkeep. On the loop of BackendWatch.
///
/// Without checks nothing happens until the backend is down: then connections to it are tried, with back-off, until one
/// is made. With checks it is checked as long as it has an address, at once when it gets one; it is in use after it
/// passed, and again after CheckOptions::rise checks when it has been down or failing.
class BackendCare {
 public:
  using OnNews = BackendUpkeep::OnNews;

  /// All outlive this.
  BackendCare(net::EventLoop& loop, Connector& connector, Random& random, Backend& backend, OnNews on_news);
  ~BackendCare() { backend_.set_observer(nullptr); }
  BackendCare(const BackendCare&) = delete;
  BackendCare& operator=(const BackendCare&) = delete;

  Backend& backend() const { return backend_; }
  /// It may have got another address, or lost its own.
  void look_at_address();
  /// Something about its health may have changed (BackendObserver).
  void look();

 private:
  bool checks() const { return options_.kind != CheckOptions::Kind::off; }
  void on_timer();
  void on_probed(HealthProbe::Result result, const std::string& failure);
  void note_connect(bool connected);
  void note_check(bool passed, const std::string& failure);
  void come_up(const std::string& news);
  void schedule_check();

  net::EventLoop& loop_;
  Connector& connector_;
  Random& random_;
  Backend& backend_;
  const CheckOptions& options_;
  OnNews on_news_;
  BackendUpkeep upkeep_;
  CheckHistory history_;
  net::Timer timer_;  // of the next probe
  std::unique_ptr<HealthProbe> probe_;
  uint32_t generation_ = 0;  // of the address
  uint32_t failures_ = 0;    // without checks: of connections in a row; 0 while it is not down
  bool absent_ = false;      // it has taken no connection since it was last up: its process may be another one now
};

}  // namespace roost::proxy
