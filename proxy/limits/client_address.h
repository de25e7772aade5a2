#pragma once

#include "common/http/fields.h"
#include "common/net/address.h"
#include "common/net/network_set.h"

namespace roost::proxy {

/// Whom a request comes from, as http::client_behind() says.
net::Address client_address(const net::Address& peer, const http::Fields& fields, const net::NetworkSet& trusted);

}  // namespace roost::proxy
