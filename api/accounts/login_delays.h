#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/client_address.h"
#include "common/base/task.h"
#include "common/net/timer.h"

namespace roost::api {

/// Attempts to log in that are delayed: at most kMaxPerAccount at one account, one of each address, and kMax in all, so
/// that many attempts at the same time gain nothing. Loop thread only.
class LoginDelays {
 public:
  static constexpr size_t kMax = 256;
  static constexpr size_t kMaxPerAccount = 16;

  /// `timers` outlives it.
  explicit LoginDelays(net::TimerQueue& timers);
  /// Drops what waits.
  ~LoginDelays();
  LoginDelays(const LoginDelays&) = delete;
  LoginDelays& operator=(const LoginDelays&) = delete;

  /// Runs `then` after the delay. False, and `then` is not moved from, when too many wait.
  bool hold(std::string_view account, const ClientAddress& address, int64_t delay_ms, Task&& then);
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting;
  bool has_room(std::string_view account, const ClientAddress& address) const;
  void end(const Waiting* waiting);

  net::TimerQueue& timers_;
  std::vector<std::unique_ptr<Waiting>> waiting_;
};

}  // namespace roost::api
