#include "proxy/routing/routes.h"

#include <algorithm>

#include "common/http/fields.h"
#include "proxy/routing/route_path.h"

namespace roost::proxy {

namespace {

// Without its port, and without the dot that ends a name at the root.
std::string_view host_of(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  // A colon inside brackets is part of an IPv6 address.
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    authority = authority.substr(0, colon);
  }
  if (authority.ends_with('.')) authority.remove_suffix(1);
  return authority;
}

bool is_for_host(const Route& route, std::string_view authority) {
  return route.host.empty() || http::equals_ignore_case(route.host, host_of(authority));
}

bool lies_under(std::string_view path, std::string_view prefix) {
  return prefix.empty() || (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/'));
}

}  // namespace

Routes::Routes(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (Route& route : routes_) {
    route.path = normal_path(route.path);
    if (route.path == "/") route.path.clear();
    by_path_ |= !route.path.empty();
  }
  std::stable_sort(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) {
    if (a.path.size() != b.path.size()) return a.path.size() > b.path.size();
    return !a.host.empty() && b.host.empty();
  });
  takes_all_ = !routes_.empty() && routes_.front().path.empty() && routes_.front().host.empty();
  uncached_ = routes_;
  for (Route& route : uncached_) route.cache = false;
}

const Route* Routes::find(std::string_view authority, std::string_view path) const {
  if (takes_all_) return &routes_.front();
  return by_path_ && !is_plain_path(path) ? find_odd(authority, path) : find_normal(authority, path);
}

const Route* Routes::find_normal(std::string_view authority, std::string_view path) const {
  for (const Route& route : routes_) {
    if (lies_under(path, route.path) && is_for_host(route, authority)) return &route;
  }
  return nullptr;
}

const Route* Routes::find_odd(std::string_view authority, std::string_view path) const {
  const Route* found = find_normal(authority, normal_path(path));
  const std::string decoded = decoded_path(path);
  if (found == nullptr || find_normal(authority, resolve_dots(decoded)) == nullptr) return nullptr;
  return may_be_uncached(authority, decoded) ? &uncached_[static_cast<size_t>(found - routes_.data())] : found;
}

// A backend may see the path under that of some route without a cache.
bool Routes::may_be_uncached(std::string_view authority, std::string_view decoded) const {
  return std::any_of(routes_.begin(), routes_.end(), [&](const Route& route) {
    return !route.cache && is_for_host(route, authority) &&
           has_segments_in_order(decoded, resolve_dots(decoded_path(route.path)));
  });
}

}  // namespace roost::proxy
