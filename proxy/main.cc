// roost-proxy: see README.md. Exit codes: 0 success, 1 could not start, 2 wrong usage.

#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "common/config/command_line.h"
#include "common/net/tcp_listener.h"
#include "common/observe/event_log.h"
#include "common/process/privileges.h"
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

/// While the process may still see whom a port belongs to.
Result<void> probe_ports(const proxy::Config& config) {
  std::vector<net::Address> addresses = config.listen_addresses();
  if (const auto admin = config.admin_address()) addresses.push_back(*admin);
  for (const net::Address& address : addresses) {
    if (auto probed = net::TcpListener::probe(address); !probed) return probed;
  }
  return {};
}

int run(const proxy::Config& config) {
  const auto could_not_start = [](const Error& error) {
    fmt::print(stderr, "roost-proxy: {}\n", error.what);
    return config::kExitCouldNotStart;
  };
  if (auto probed = probe_ports(config); !probed) return could_not_start(probed.error());
  const auto user = process::drop_privileges({.user = config.proxy.user, .core_dumps = config.proxy.core_dumps});
  if (!user) return could_not_start(user.error());
  observe::EventLog events;
  proxy::Proxy proxy(config, events);
  if (auto opened = proxy.open(); !opened) return could_not_start(opened.error());
  events.info("running", {{"user", *user}});
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
