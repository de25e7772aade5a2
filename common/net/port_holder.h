#pragma once

#include <cstdint>
#include <string>

namespace roost::net {

/// Who listens on the TCP port, for the message that it is in use: "held by nginx, pid 1234", as far as /proc shows it
/// to this user, else "held by another process". Reads all of /proc: for start-up, not for a loop under load.
std::string describe_port_holder(uint16_t port);

}  // namespace roost::net
