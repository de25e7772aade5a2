#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace roost::proxy {

/// How the backends of a pool are checked in the background (active checks).
struct CheckOptions {
  enum class Kind : uint8_t {
    off,   ///< only a backend that is down is looked at, until it takes a connection
    tcp,   ///< it has to take a connection
    http,  ///< it has to answer a GET
  };
  struct StatusRange {
    int first = 200;
    int last = 399;
    bool operator==(const StatusRange&) const = default;
  };

  Kind kind = Kind::off;
  std::string path = "/";
  std::string host;  ///< the Host field; empty: the backend's "host:port"
  std::string body;  ///< what the answer's body has to contain; empty: anything
  std::vector<StatusRange> statuses = std::vector<StatusRange>(1);
  int64_t interval_ms = 2'000;
  int64_t fast_interval_ms = 500;                     ///< while its health is unknown, changing, or bad
  int64_t timeout_ms = 1'000;                         ///< of a whole check
  uint32_t rise = 2;                                  ///< checks in a row that make a failing backend usable
  uint32_t fall = 3;                                  ///< failed checks in a row that make it failing
  static constexpr size_t kMaxBodyBytes = 64 * 1024;  ///< `body` is looked for in the first

  bool expects(int status) const {
    for (const StatusRange& range : statuses) {
      if (status >= range.first && status <= range.last) return true;
    }
    return false;
  }
  bool operator==(const CheckOptions&) const = default;
};

}  // namespace roost::proxy
