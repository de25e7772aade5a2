#include "proxy/config/admin_section.h"

#include <algorithm>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

std::string check_host(std::string_view text) {
  const bool is_name = !text.empty() && text.find_first_of(" \t/:@?#[]") == std::string_view::npos;
  return is_name ? "" : fmt::format("\"{}\": expected a host name such as \"roost.internal\", without a port", text);
}

std::string check_token(std::string_view text) {
  const bool is_visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return is_visible ? "" : "expected visible ASCII characters, without spaces";
}

}  // namespace

void AdminSection::declare(config::Section& section) {
  section.list("hosts", &hosts, "names by which the admin listener is asked, besides addresses", check_host)
      .text("token", &token, "asked for as Authorization: Bearer; empty for none", check_token)
      .masked(config::masked_secret);
}

}  // namespace roost::proxy
