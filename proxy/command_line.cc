#include "proxy/command_line.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

/// A flag that sets a field of the configuration.
struct FieldFlag {
  const char* flag;
  const char* section;
  const char* field;
  const char* value;
  const char* prose;
};
constexpr std::array kFieldFlags = {
    FieldFlag{"--listen", "proxy", "listen", "ADDR", "where clients connect; may be repeated [127.0.0.1:8080]"},
    FieldFlag{"--upstream", "proxy", "upstream", "HOST:PORT", "a backend; repeat for each"},
    FieldFlag{"--threads", "proxy", "threads", "N", "event loops; 0 for one per core [0]"},
    FieldFlag{"--admin", "proxy", "admin", "ADDR|off", "status, metrics and purge [127.0.0.1:8081]"},
    FieldFlag{"--access-log", "proxy", "access_log", "PATH|-|off", "one JSON line per request [off]"},
    FieldFlag{"--hosts-file", "proxy", "hosts_file", "FILE", "names looked up here first; like /etc/hosts"},
    FieldFlag{"--cache-size", "cache", "size", "SIZE", "of all kept answers together [64MiB]"},
    FieldFlag{"--cache-ttl", "cache", "default_ttl", "TIME", "freshness where the origin says nothing [60s]"},
};
const std::vector<std::string> kSwitches = {"--check", "--print-config", "--version", "--help"};

bool set_switch(CommandLine& line, const std::string& name) {
  if (name == "--check") return line.check = true;
  if (name == "--print-config") return line.print_config = true;
  if (name == "--version") return line.version = true;
  if (name == "--help" || name == "-h") return line.help = true;
  return false;
}

std::string unknown(const std::string& name) {
  std::vector<std::string> known = kSwitches;
  known.push_back("--config");
  for (const FieldFlag& flag : kFieldFlags) known.push_back(flag.flag);
  const std::string_view nearest = config::nearest_name(name, known);
  return fmt::format("unknown flag {}{}", name, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

/// Repeated flags make one list.
void add_flag(ConfigSources& sources, const FieldFlag& flag, const std::string& value) {
  const auto same = [&](const ConfigSources::Flag& given) { return given.written == flag.flag; };
  const auto given = std::find_if(sources.flags.begin(), sources.flags.end(), same);
  if (given == sources.flags.end()) {
    sources.flags.push_back({flag.section, flag.field, value, flag.flag});
  } else {
    given->text += "," + value;
  }
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    if (equals == std::string::npos && set_switch(line, name)) continue;
    const auto flag = std::find_if(kFieldFlags.begin(), kFieldFlags.end(),
                                   [&](const FieldFlag& candidate) { return name == candidate.flag; });
    if (flag == kFieldFlags.end() && name != "--config") return fail(unknown(name), Side::client);
    if (equals == std::string::npos && i + 1 == arguments.size()) return fail(name + " needs a value", Side::client);
    const std::string value = equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
    if (name == "--config") {
      line.sources.file = value;
    } else {
      add_flag(line.sources, *flag, value);
    }
  }
  return line;
}

std::string usage() {
  std::string text =
      "roost-proxy: a caching load balancer.\n\n"
      "  roost-proxy --upstream HOST:PORT [--upstream HOST:PORT…] [flags]\n"
      "  roost-proxy --config FILE [flags]\n\n";
  const auto add = [&](const std::string& flag, std::string_view prose) {
    text += fmt::format("  {:<26}{}\n", flag, prose);
  };
  add("--config FILE", "a TOML file; flags and ROOST_* variables go before it");
  for (const FieldFlag& flag : kFieldFlags) add(fmt::format("{} {}", flag.flag, flag.value), flag.prose);
  add("--check", "read the configuration, say what is wrong with it, and end");
  add("--print-config", "print the configuration in effect and where each value is from, and end");
  add("--version", "print the version, and end");
  return text;
}

}  // namespace roost::proxy
