#include "proxy/config/call_timeouts.h"

namespace roost::proxy {

void declare_timeouts(config::Section& section, CallTimeouts& timeouts) {
  constexpr int64_t kMost = 24 * 3'600'000;
  section.duration("connect_timeout", &timeouts.connect_ms, {1, kMost}, "limit for connecting to a backend")
      .duration("first_byte_timeout", &timeouts.first_byte_ms, {1, kMost}, "limit for a backend's response head")
      .duration("between_bytes_timeout", &timeouts.between_bytes_ms, {1, kMost},
                "limit between two reads of a response's body")
      .duration("request_timeout", &timeouts.request_ms, {0, kMost},
                "limit from a request to the end of its response; 0s for none")
      .duration("shared_fetch_timeout", &timeouts.shared_fetch_ms, {1, kMost},
                "how long a client waits for another's fetch before it may fetch as well");
}

void inherit_timeouts(CallTimeouts& timeouts, const CallTimeouts& general) {
  const auto fill = [](int64_t& own, int64_t common) { own = own < 0 ? common : own; };
  fill(timeouts.connect_ms, general.connect_ms);
  fill(timeouts.first_byte_ms, general.first_byte_ms);
  fill(timeouts.between_bytes_ms, general.between_bytes_ms);
  fill(timeouts.request_ms, general.request_ms);
  fill(timeouts.shared_fetch_ms, general.shared_fetch_ms);
}

}  // namespace roost::proxy
