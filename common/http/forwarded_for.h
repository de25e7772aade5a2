#pragma once

#include <optional>
#include <string_view>

#include "common/net/address.h"
#include "common/net/network_set.h"

namespace roost::http {

/// Whom a request comes from: the peer, or, where that is a trusted proxy, the last address of X-Forwarded-For that is
/// not a trusted proxy as well (those before it may be forged). What stands before an element that is no address is not
/// believed: the answer is then the proxy that passed it on. `forwarded_for`: the field's value, several lines joined
/// by commas; elements are "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:443". Without
/// port.
net::Address client_behind(const net::Address& peer, std::string_view forwarded_for, const net::NetworkSet& trusted);

/// The same of a list whose last element is the peer, as a proxy sends it on. Nothing if that is no address.
std::optional<net::Address> client_in(std::string_view list, const net::NetworkSet& trusted);

}  // namespace roost::http
