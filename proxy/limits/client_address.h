#pragma once

#include "common/http/fields.h"
#include "common/net/address.h"
#include "common/net/network_set.h"

namespace roost::proxy {

/// Whom a request comes from: the peer, or, where that is a trusted proxy, the last address in its X-Forwarded-For that
/// is not a trusted proxy as well. What stands before an entry that is no address is not believed: the answer is then
/// the proxy that passed it on. Without port.
net::Address client_address(const net::Address& peer, const http::Fields& fields, const net::NetworkSet& trusted);

}  // namespace roost::proxy
