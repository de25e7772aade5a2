#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::proxy {

/// An address to listen on. The one name that is accepted is localhost, which is loopback everywhere (RFC 6761 §6.3).
Result<net::Address> parse_listen_address(std::string_view text);

/// What is wrong with it, for config::Section; empty when nothing is.
std::string check_listen_address(std::string_view text);

/// The path of "unix:PATH"; empty for any other text.
std::string_view admin_socket_path(std::string_view text);

/// What is wrong with an address of the admin listener: as check_listen_address, or "unix:PATH", or "off".
std::string check_admin_address(std::string_view text);

}  // namespace roost::proxy
