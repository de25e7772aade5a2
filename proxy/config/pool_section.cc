#include "proxy/config/pool_section.h"

#include "proxy/config/backend_spec.h"

namespace roost::proxy {

void PoolSection::declare(config::Section& section) {
  section.text("name", &name, "the name routes refer to")
      .text("balance", &balance, "load-balancing policy",
            config::one_of({"least_connections", "round_robin", "two_choices", "consistent_hash"}))
      .list("backends", &backends, "HOST:PORT, or HOST:PORT weight=N", check_backend);
  health.declare(section);
}

}  // namespace roost::proxy
