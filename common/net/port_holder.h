#pragma once

#include <cstdint>
#include <string>

namespace roost::net {

/// Names the process that listens on a TCP port, for error messages: "held by nginx, pid 1234", or "held by another
/// process" if /proc does not show it to this user. Reads all of /proc: for start-up only.
std::string describe_port_holder(uint16_t port);

}  // namespace roost::net
