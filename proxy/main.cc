// roost-proxy: see README.md.

#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "common/base/memory_reserve.h"
#include "common/config/command_line.h"
#include "common/net/tcp_listener.h"
#include "common/observe/event_log.h"
#include "common/process/privileges.h"
#include "proxy/command_line.h"
#include "proxy/config/config_loader.h"
#include "proxy/proxy.h"

namespace {

using namespace roost;

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
    return config::kExitFailed;
  };
  if (auto probed = probe_ports(config); !probed) return could_not_start(probed.error());
  const auto user =
      process::drop_privileges({.user = config.proxy.rights.user, .core_dumps = config.proxy.rights.core_dumps});
  if (!user) return could_not_start(user.error());
  const MemoryReserve reserve;
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
  if (const auto code = line->ended(loader.table())) return *code;
  return run(loader.config());
}
