// roost-proxy: see README.md.

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "common/base/memory_reserve.h"
#include "common/config/command_line.h"
#include "common/net/tcp_listener.h"
#include "common/observe/event_log.h"
#include "common/process/privileges.h"
#include "common/process/supervisor.h"
#include "common/service/passed_sockets.h"
#include "proxy/command_line.h"
#include "proxy/config/config_loader.h"
#include "proxy/proxy.h"

namespace {

using namespace roost;

/// While the process may still see whom a port belongs to.
Result<void> probe_ports(const proxy::Config& config, const service::PassedSockets& passed) {
  std::vector<net::Address> addresses = config.listen_addresses();
  if (const auto admin = config.admin_address()) addresses.push_back(*admin);
  for (const net::Address& address : addresses) {
    if (passed.has(address)) continue;
    if (auto probed = net::TcpListener::probe(address); !probed) return probed;
  }
  return {};
}

/// Those of systemd's socket units.
Result<service::PassedSockets> take_passed_sockets() {
  const auto descriptors = process::passed_descriptors(environ, ::getpid());
  if (!descriptors) return tl::unexpected(descriptors.error());
  std::vector<int> sockets;
  for (const process::PassedDescriptor& passed : *descriptors) sockets.push_back(passed.fd);
  return service::PassedSockets::take(sockets);
}

int could_not_start(const Error& error) {
  fmt::print(stderr, "roost-proxy: {}\n", error.what);
  return config::kExitFailed;
}

int run(const proxy::Config& config, service::PassedSockets passed) {
  if (auto probed = probe_ports(config, passed); !probed) return could_not_start(probed.error());
  const auto user =
      process::drop_privileges({.user = config.proxy.rights.user, .core_dumps = config.proxy.rights.core_dumps});
  if (!user) return could_not_start(user.error());
  const MemoryReserve reserve;
  observe::EventLog events;
  proxy::Proxy proxy(config, std::move(passed), events);
  if (auto opened = proxy.open(); !opened) return could_not_start(opened.error());
  events.info("running", {{"user", *user}});
  proxy.run();
  return config::kExitSuccess;
}

}  // namespace

int main(int argc, char** argv) {
  const config::CommandLineParser parser = proxy::command_line();
  const auto line = parser.read(argc, argv);
  if (!line) return line.error();
  proxy::ConfigLoader loader;
  if (line->print_reference) {
    fmt::print("{}", loader.reference(parser.flags()));
    return config::kExitSuccess;
  }
  auto passed = take_passed_sockets();
  if (!passed) return could_not_start(passed.error());
  loader.set_passed_addresses(passed->addresses());
  loader.load(*line, environ);
  if (const auto code = line->ended(loader.table())) return *code;
  return run(loader.config(), std::move(*passed));
}
