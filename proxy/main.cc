// roost-proxy: see README.md.

#include <fmt/format.h>
#include <unistd.h>

#include "common/base/memory_reserve.h"
#include "common/config/command_line.h"
#include "common/observe/event_log.h"
#include "proxy/command_line.h"
#include "proxy/config/config_loader.h"
#include "proxy/proxy.h"

namespace {

using namespace roost;

int run(const proxy::Config& config) {
  const MemoryReserve reserve;
  observe::EventLog events;
  proxy::Proxy proxy(config, events);
  if (auto opened = proxy.open(); !opened) {
    fmt::print(stderr, "roost-proxy: {}\n", opened.error().what);
    return config::kExitFailed;
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
  if (const auto code = line->ended(loader.table())) return *code;
  return run(loader.config());
}
