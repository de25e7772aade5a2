#pragma once

#include <string>

#include "api/http/service.h"
#include "common/net/network_set.h"

namespace roost::api {

/// The client's address, as a key for rate limits: the peer; or, when that is a trusted proxy, the last address of
/// X-Forwarded-For that is not (those before it may be forged). An IPv6 address is reduced to its /64, since a client
/// can use all of that.
std::string client_address(const Request& request, const net::NetworkSet& trusted);

}  // namespace roost::api
