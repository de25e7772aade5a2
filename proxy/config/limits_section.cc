#include "proxy/config/limits_section.h"

#include "proxy/limits/request_rate.h"

namespace roost::proxy {

using config::Range;

void LimitsSection::declare(config::Section& section) {
  constexpr Range kCount{0, 1'000'000'000};
  constexpr Range kTimeout{1, 24 * 3'600'000};
  section
      .number("max_connections", &max_connections, kCount,
              "client connections of all threads; 0 for half of the descriptors")
      .number("max_connections_per_address", &max_connections_per_address, kCount,
              "connections of one client address (IPv6: a /64 network); 0 for no limit")
      .number("max_requests_per_connection", &max_requests_per_connection, {0, UINT32_MAX},
              "requests before a connection is closed; 0 for no limit")
      .number("max_active_requests", &max_active_requests, kCount,
              "requests under way that the cache cannot answer, 503 above; 0 for no limit")
      .text("request_rate", &request_rate, "requests of one client address, as 100/s or 3000/m, 429 above; or off",
            RequestRate::check)
      .number("request_burst", &request_burst, kCount, "of them at once; 0 for as many as the rate's number")
      .duration("first_request_timeout", &first_request_timeout_ms, kTimeout, "for the first byte on a new connection")
      .duration("request_head_timeout", &request_head_timeout_ms, kTimeout, "for a whole request head; 408 above")
      .duration("request_body_timeout", &request_body_timeout_ms, kTimeout,
                "between two reads of a request body; 408 above")
      .bytes("min_body_rate", &min_body_rate_bytes, {0, INT64_MAX},
             "least size per second of a request body; 408 below; 0B for none")
      .duration("min_body_rate_grace", &min_body_rate_grace_ms, kTimeout, "time over which that rate is averaged")
      .bytes("min_send_rate", &min_send_rate_bytes, {0, INT64_MAX},
             "least size per second that a client takes of a response; reset below; 0B for none")
      .duration("min_send_rate_grace", &min_send_rate_grace_ms, kTimeout, "time over which that rate is averaged")
      .duration("max_loop_lag", &max_loop_lag_ms, {0, kTimeout.most},
                "lateness of an event loop above which a share of new requests is answered 503; 0s for off");
}

}  // namespace roost::proxy
