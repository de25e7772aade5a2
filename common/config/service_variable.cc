#include "common/config/service_variable.h"

namespace roost::config {
namespace {

bool is_service_url(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// …_PORT_80_TCP, …_PORT_80_TCP_ADDR.
bool is_port_variable(std::string_view name) {
  for (const std::string_view detail : {"_PROTO", "_PORT", "_ADDR"}) {
    if (drop_suffix(name, detail)) break;
  }
  if (!drop_suffix(name, "_TCP") && !drop_suffix(name, "_UDP") && !drop_suffix(name, "_SCTP")) return false;
  const size_t digits = name.find_last_not_of("0123456789");
  return digits != std::string_view::npos && digits + 1 < name.size() && name.substr(0, digits + 1).ends_with("_PORT_");
}

}  // namespace

bool is_service_variable(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT")) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  if (name.ends_with("_PORT") && is_service_url(value)) return true;
  return is_port_variable(name);
}

}  // namespace roost::config
