#include "proxy/limits/client_address.h"

#include "common/http/forwarded_for.h"

namespace roost::proxy {

net::Address client_address(const net::Address& peer, const http::Fields& fields, const net::NetworkSet& trusted) {
  if (!fields.has(http::FieldId::x_forwarded_for) || !trusted.contains(peer)) return peer;
  return http::client_behind(peer, fields.combined(http::FieldId::x_forwarded_for).value_or(""), trusted);
}

}  // namespace roost::proxy
