// roost-proxy: see README.md. Exit codes: 0 success, 1 could not start, 2 wrong usage.

#include <fmt/format.h>
#include <unistd.h>

#include "common/base/memory_reserve.h"
#include "common/config/command_line.h"
#include "common/observe/event_log.h"
#include "proxy/command_line.h"
#include "proxy/config/config.h"
#include "proxy/proxy.h"

namespace {

using namespace roost;

/// Prints what is wrong with the configuration and returns the exit code.
int report_problems(const proxy::ConfigLoader& loader) {
  bool only_flags = true;
  for (const config::Problem& problem : loader.problems()) {
    fmt::print(stderr, "{}\n", problem.to_string());
    only_flags = only_flags && problem.source == "flag";
  }
  return only_flags ? config::kExitWrongUsage : config::kExitCouldNotStart;
}

int run(const proxy::Config& config) {
  const MemoryReserve reserve;
  observe::EventLog events;
  proxy::Proxy proxy(config, events);
  if (auto opened = proxy.open(); !opened) {
    fmt::print(stderr, "roost-proxy: {}\n", opened.error().what);
    return config::kExitCouldNotStart;
  }
  proxy.run();
  return config::kExitSuccess;
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = proxy::command_line().read(argc, argv);
  if (!line) return line.error();
  proxy::ConfigLoader loader;
  loader.load(*line, environ);
  if (line->print_config) fmt::print("{}", loader.to_toml());
  if (!loader.problems().empty()) return report_problems(loader);
  if (line->print_config) return config::kExitSuccess;
  if (line->check) return fmt::print("the configuration is good\n"), config::kExitSuccess;
  return run(loader.config());
}
