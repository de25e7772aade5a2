#include "proxy/config/pool_section.h"

#include "proxy/config/backend_spec.h"

namespace roost::proxy {

void PoolSection::declare(config::Section& section) {
  section.text("name", &name, "the name routes refer to")
      .text("balance", &balance,
            "load-balancing policy: least_connections, round_robin, two_choices or consistent_hash",
            config::one_of({"least_connections", "round_robin", "two_choices", "consistent_hash"}))
      .list("backends", &backends, "HOST:PORT, or HOST:PORT weight=N", check_backend)
      .number("max_active_requests", &max_active_requests, {0, 1'000'000},
              "most requests under way at each backend; 0 for any number")
      .number("queue_size", &queue_size, {0, 1'000'000}, "most requests that wait when all backends are busy")
      .duration("queue_timeout", &queue_timeout_ms, {1, 24 * 3'600'000}, "how long a request waits; then 503");
  health.declare(section.inherits("health"));
}

}  // namespace roost::proxy
