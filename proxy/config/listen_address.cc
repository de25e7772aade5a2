#include "proxy/config/listen_address.h"

#include <fmt/format.h>

#include "common/net/unix_socket.h"

namespace roost::proxy {

std::string check_listen_address(std::string_view text) {
  const auto address = net::Address::parse_or_localhost(text);
  return address ? "" : address.error().what;
}

std::string_view admin_socket_path(std::string_view text) {
  constexpr std::string_view kScheme = "unix:";
  return text.starts_with(kScheme) ? text.substr(kScheme.size()) : std::string_view();
}

std::string check_admin_address(std::string_view text) {
  if (text == "off") return "";
  if (!text.starts_with("unix:")) return check_listen_address(text);
  const std::string_view path = admin_socket_path(text);
  if (!path.starts_with('/'))
    return fmt::format("\"{}\": expected an absolute path, as in unix:/run/roost/admin", text);
  if (path.size() > net::kMaxSocketPathBytes)
    return fmt::format("\"{}\": a socket's path has at most {} bytes", text, net::kMaxSocketPathBytes);
  return "";
}

}  // namespace roost::proxy
