#pragma once

#include <cstdint>

namespace roost::net {

/// Raises this process's limit of open descriptors (RLIMIT_NOFILE) to its hard limit, if it is lower, and returns the
/// limit now in effect. At start-up.
uint64_t raise_descriptor_limit();

}  // namespace roost::net
