#pragma once

#include <string_view>

namespace roost::config {

/// True for an environment variable of the shapes that Kubernetes sets in every pod for every service, so that a
/// service named "roost-proxy" is not taken for settings: NAME_SERVICE_HOST, NAME_SERVICE_PORT, NAME_SERVICE_PORT_<port
/// name>, NAME_PORT with a value such as "tcp://10.0.0.1:80", NAME_PORT_80_TCP, and the same with _PROTO, _PORT or
/// _ADDR. Also for UDP and SCTP.
bool is_service_variable(std::string_view name, std::string_view value);

}  // namespace roost::config
