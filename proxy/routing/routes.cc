#include "proxy/routing/routes.h"

#include <algorithm>

#include "common/http/fields.h"

namespace roost::proxy {

namespace {

std::string_view without_port(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  // A colon inside brackets is part of an IPv6 address.
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) return authority;
  return authority.substr(0, colon);
}

bool lies_under(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/' || prefix.empty());
}

}  // namespace

Routes::Routes(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (Route& route : routes_) {
    while (!route.path.empty() && route.path.back() == '/') route.path.pop_back();
  }
  std::stable_sort(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) {
    if (a.path.size() != b.path.size()) return a.path.size() > b.path.size();
    return !a.host.empty() && b.host.empty();
  });
}

const Route* Routes::find(std::string_view authority, std::string_view path) const {
  for (const Route& route : routes_) {
    if (!lies_under(path, route.path)) continue;
    if (route.host.empty() || http::equals_ignore_case(route.host, without_port(authority))) return &route;
  }
  return nullptr;
}

}  // namespace roost::proxy
