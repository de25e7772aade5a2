#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/command_line.h"
#include "common/config/field_table.h"
#include "common/config/reference.h"
#include "proxy/config/config.h"

namespace roost::proxy {

/// Reads the file, the environment and the flags, each overriding the ones before; then adds what `upstream` and a
/// single pool imply (a pool "default", a route "/") and checks that the values fit together. All mistakes are
/// collected in problems().
///
/// Listeners of `[proxy] listen` and of `[[listen]]` in the file add up. A --listen flag or ROOST_PROXY_LISTEN
/// overrides both. Where none of them is given, sockets that a service manager passed take the place of the default.
class ConfigLoader {
 public:
  ConfigLoader();
  /// Addresses of sockets that a service manager passed, before load(). One that the configuration does not listen on
  /// is a mistake: nobody would accept its connections.
  void set_passed_addresses(std::vector<net::Address> addresses) { passed_ = std::move(addresses); }
  /// `environment`: NAME=value entries, ended by null.
  void load(const config::CommandLine& line, const char* const* environment);
  /// The same from text, for tests.
  void load_text(std::string_view toml);
  const Config& config() const { return config_; }
  const std::vector<config::Problem>& problems() const { return table_.problems(); }
  /// For CommandLine::ended.
  const config::FieldTable& table() const { return table_; }
  /// For --print-config-reference, in place of load().
  std::string reference(const std::vector<config::FieldFlag>& flags) { return config::reference(table_, flags); }
  /// For --print-config: TOML, each value with its origin as a comment.
  std::string to_toml() const { return table_.to_toml(); }

 private:
  void complete();
  void complete_timeouts();
  void complete_listeners();
  void complete_pools();
  void read_error_pages();
  void check_passed_addresses();

  std::vector<net::Address> passed_;
  Config config_;
  config::FieldTable table_;
  config::Section* proxy_fields_ = nullptr;  // [proxy], owned by table_
};

}  // namespace roost::proxy
