#include "proxy/config/backend_spec.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

/// "HOST:PORT", or as a URL: "http://HOST[:PORT][/]".
Result<net::HostPort> parse_backend_host(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) return fail(fmt::format("\"{}\": backends are reached by http:// only", text));
  if (!text.starts_with(kScheme)) return net::HostPort::parse(text);
  std::string_view authority = text.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#@") != std::string_view::npos) {
    return fail(fmt::format("\"{}\": a backend is a host and a port, without a path", text));
  }
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  return net::HostPort::parse(has_port ? std::string(authority) : fmt::format("{}:80", authority));
}

}  // namespace

Result<BackendSpec> BackendSpec::parse(std::string_view text) {
  const size_t blank = text.find(' ');
  BackendSpec spec;
  auto host = parse_backend_host(text.substr(0, blank));
  if (!host) return tl::unexpected(host.error());
  spec.host = std::move(*host);
  if (blank == std::string_view::npos) return spec;
  constexpr std::string_view kPrefix = " weight=";
  const std::string_view rest = text.substr(blank);
  const std::string_view digits = rest.substr(std::min(kPrefix.size(), rest.size()));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), spec.weight);
  if (!rest.starts_with(kPrefix) || error != std::errc() || end != digits.data() + digits.size() || spec.weight < 1 ||
      spec.weight > kMaxWeight) {
    return fail(fmt::format("\"{}\": only weight=1 to weight={} may follow the port", text, kMaxWeight));
  }
  return spec;
}

std::string check_backend(std::string_view text) {
  const auto backend = BackendSpec::parse(text);
  return backend ? "" : backend.error().what;
}

}  // namespace roost::proxy
