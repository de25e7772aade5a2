#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "api/http/attempt_limit.h"
#include "api/http/client_address.h"

namespace roost::api {

/// Rate limit per client address for one kind of request. Loop thread only.
class ClientLimit {
 public:
  struct Options {
    int64_t requests = 0;  ///< per window and address; 0: no limit
    int64_t window_ms = 60'000;
    net::NetworkSet trusted;  ///< proxies whose X-Forwarded-For is believed
  };
  explicit ClientLimit(Options options)
      : is_off_(options.requests == 0),
        trusted_(std::move(options.trusted)),
        limit_(options.requests, options.window_ms) {}

  /// Counts the request and returns 0; or counts nothing and returns the milliseconds until one is allowed.
  int64_t attempt(const Request& request, int64_t now_ms) {
    return is_off_ ? 0 : limit_.attempt(client_address(request, trusted_).key(), now_ms);
  }

 private:
  const bool is_off_;
  const net::NetworkSet trusted_;
  AttemptLimit limit_;
};

/// 429 with Retry-After, rounded up to seconds.
Answer too_many_requests(std::string_view detail, int64_t wait_ms);

}  // namespace roost::api
