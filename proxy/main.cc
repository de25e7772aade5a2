// roost-proxy: see README.md. Exit codes: 0 ended well, 1 could not start, 2 wrong usage.

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "common/observe/event_log.h"
#include "proxy/command_line.h"
#include "proxy/proxy.h"
#include "proxy/runtime/config.h"

namespace {

constexpr int kEndedWell = 0;
constexpr int kCouldNotStart = 1;
constexpr int kWrongUsage = 2;

int tell_problems(const roost::proxy::ConfigLoader& loader) {
  bool only_flags = true;
  for (const auto& problem : loader.problems()) {
    fmt::print(stderr, "{}\n", problem.to_string());
    only_flags = only_flags && problem.source == "flag";
  }
  return only_flags ? kWrongUsage : kCouldNotStart;
}

int run(const std::vector<std::string>& arguments) {
  auto line = roost::proxy::parse_command_line(arguments);
  if (!line) {
    fmt::print(stderr, "roost-proxy: {}\n\n{}", line.error().what, roost::proxy::usage());
    return kWrongUsage;
  }
  if (line->help) return fmt::print("{}", roost::proxy::usage()), kEndedWell;
  if (line->version) return fmt::print("roost-proxy {}\n", ROOST_VERSION), kEndedWell;
  line->sources.environment = environ;
  roost::proxy::ConfigLoader loader;
  loader.load(line->sources);
  if (line->print_config) fmt::print("{}", loader.to_toml());
  if (!loader.problems().empty()) return tell_problems(loader);
  if (line->print_config) return kEndedWell;
  if (line->check) return fmt::print("the configuration is good\n"), kEndedWell;

  std::signal(SIGPIPE, SIG_IGN);
  roost::observe::EventLog events;
  roost::proxy::Proxy proxy(loader.config(), events);
  if (auto opened = proxy.open(); !opened) {
    fmt::print(stderr, "roost-proxy: {}\n", opened.error().what);
    return kCouldNotStart;
  }
  proxy.run();
  return kEndedWell;
}

}  // namespace

int main(int argc, char** argv) {
  return run(std::vector<std::string>(argv + 1, argv + argc));
}
