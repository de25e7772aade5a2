#pragma once

#include <string>

#include "api/http/service.h"
#include "common/net/network_set.h"

namespace roost::api {

/// The client a request came from, for counting: the peer; or, when that is a trusted proxy, the last address of its
/// X-Forwarded-For that is none (what stands before it, the client may have made up). An IPv6 address is cut to its
/// /64, since one client has all of that.
std::string client_address(const Request& request, const net::NetworkSet& trusted);

}  // namespace roost::api
