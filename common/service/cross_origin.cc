#include "common/service/cross_origin.h"

#include <fmt/core.h>

#include "common/http/fields.h"
#include "common/net/address.h"

namespace roost::service {
namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && http::equals_ignore_case(text.substr(text.size() - end.size()), end);
}

/// Without the scheme's default port, which browsers leave out of Origin and proxies may add to Host.
std::string_view without_port(std::string_view authority, std::string_view port) {
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size()) : authority;
}

}  // namespace

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

bool is_loopback_host(std::string_view host) {
  if (http::equals_ignore_case(host, "localhost") || ends_with_ignoring_case(host, ".localhost")) return true;
  const bool is_v6 = host.find(':') != std::string_view::npos;
  const auto address = net::Address::parse(is_v6 ? fmt::format("[{}]:1", host) : fmt::format("{}:1", host));
  return address && address->is_loopback();
}

bool is_cross_origin(const Request& request) {
  if (request.fetch_site != FetchSite::unsaid) return request.fetch_site == FetchSite::foreign;
  if (request.origin.empty()) return false;
  const std::string_view origin = request.origin;
  const size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return true;  // "null": a page that has no origin
  const std::string_view port = origin.starts_with("https:") ? ":443" : ":80";
  const std::string_view own = without_port(origin.substr(scheme_end + 3), port);
  const auto is_own = [&](std::string_view host) {
    return !host.empty() && http::equals_ignore_case(own, without_port(host, port));
  };
  return !is_own(request.authority) && !is_own(request.forwarded_host);
}

}  // namespace roost::service
