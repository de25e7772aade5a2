#include "proxy/admin/admin_access.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/http/fields.h"
#include "common/net/address.h"
#include "common/service/bearer_token.h"
#include "common/service/cross_origin.h"

namespace roost::proxy {

using http::Method;
using service::problem;

namespace {

bool is_address(std::string_view host) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return net::Address::parse(is_v6 ? fmt::format("[{}]:1", host) : fmt::format("{}:1", host)).has_value();
}

}  // namespace

// A request without Host is of HTTP/1.0, and of no browser.
bool AdminAccess::is_own_host(std::string_view host) const {
  if (host.empty() || is_address(host) || service::is_loopback_host(host)) return true;
  return std::any_of(rules_.hosts.begin(), rules_.hosts.end(),
                     [&](const std::string& own) { return http::equals_ignore_case(own, host); });
}

std::optional<service::Answer> AdminAccess::refuse(const service::Request& request) const {
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (reads && request.path == "/healthz") return std::nullopt;
  if (request.method != Method::purge && !is_own_host(service::host_of(request.authority)))
    return problem(421, "the admin listener is asked by its address; [admin] hosts lists other names for it");
  if (service::is_cross_origin(request) && !(reads && request.is_navigation))
    return problem(403, "pages of other origins may not use the admin listener");
  if (!rules_.token.empty() && !service::is_same_secret(service::bearer_token(request), rules_.token))
    return service::bearer_token_needed("the admin listener needs its token, as Authorization: Bearer");
  return std::nullopt;
}

}  // namespace roost::proxy
