#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roost::proxy {

/// A rate of requests, as it is configured: a RateLimit in microseconds, or none. Pure.
struct RequestRate {
  int64_t interval_us = 0;  ///< 0: no limit
  int64_t burst = 1;        ///< at least 1

  bool is_set() const { return interval_us > 0; }

  struct Decision {
    bool allowed = true;
    int64_t wait_us = 0;  ///< when refused: until one would be allowed
  };
  /// Takes one request from a bucket. `full_at_us`: when the bucket will be full again; any time in the past, such as
  /// 0, for one that is full. Moved only when the request is allowed.
  Decision take(int64_t& full_at_us, int64_t now_us) const;

  /// "10/s", "300/m", "1000/h" or "off"; `burst` 0 stands for as many as the number says. 1 to 1,000,000 requests.
  /// Returns what is wrong, or an empty string.
  static std::string check(std::string_view text);
  /// Of a text that check() has found good.
  static RequestRate parse(std::string_view text, int64_t burst);
};

}  // namespace roost::proxy
