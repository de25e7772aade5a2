#pragma once

#include <functional>
#include <string>

#include "common/net/event_loop.h"
#include "common/net/timer.h"
#include "proxy/upstream/backend.h"

namespace roost::proxy {

/// What a backend needs as time passes: ends its ejection, raises its weight in a slow start, lets the charge for its
/// failures fade. On the loop of BackendWatch.
class BackendUpkeep {
 public:
  /// As BackendWatch::OnNews.
  using OnNews = std::function<void(const std::string& news, bool bad)>;

  BackendUpkeep(net::EventLoop& loop, Backend& backend, OnNews on_news);

  /// Something about the backend has changed.
  void look();
  /// It comes into use. 0: with its whole weight.
  void begin_slow_start(int64_t duration_ms);
  /// The backend was away and is back: what its requests came to before says little about it now. Ends its ejection.
  void forgive();
  /// Its checks, which had failed as well, pass again: no need to wait, unless it is a backend that fails ever again.
  void end_first_ejection();
  /// The backend has got another address: what was under way does not concern it.
  void forget();

 private:
  void on_timer();
  void announce_ejection();
  void end_ejection();
  void schedule();
  bool starting_slowly() const { return slow_start_ms_ > 0; }

  net::EventLoop& loop_;
  Backend& backend_;
  OnNews on_news_;
  net::Timer timer_;
  int64_t ejected_until_ms_ = 0;  // 0 when it is not ejected
  int64_t in_use_since_ms_ = 0;
  int64_t slow_start_ms_ = 0;  // how long it lasts; 0 outside of one
};

}  // namespace roost::proxy
