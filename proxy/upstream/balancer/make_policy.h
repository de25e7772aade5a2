#pragma once

#include <memory>

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// The policy that the configuration names.
std::unique_ptr<BalancerPolicy> make_policy(Balance balance);

}  // namespace roost::proxy
