#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::proxy {

/// What is wrong with an address to listen on, for config::Section; empty when nothing is.
std::string check_listen_address(std::string_view text);

/// The path of "unix:PATH"; empty for any other text.
std::string_view admin_socket_path(std::string_view text);

/// What is wrong with an address of the admin listener: as check_listen_address, or "unix:PATH", or "off".
std::string check_admin_address(std::string_view text);

}  // namespace roost::proxy
