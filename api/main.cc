#include <string>
#include <vector>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "api/db/sqlite/sqlite_memory.h"
#include "api/worker.h"
#include "common/base/memory_reserve.h"
#include "common/config/command_line.h"
#include "common/config/reference.h"
#include "common/net/tcp_listener.h"
#include "common/observe/event_log.h"
#include "common/process/privileges.h"
#include "common/process/supervisor.h"

namespace {

using namespace roost;

config::CommandLineParser command_line() {
  return {"roost-api",
          "roost-api: a worker of Roost's HTTP API.\n\n"
          "  roost-api --listen ADDR --data DIR [flags]\n"
          "  roost-api --config FILE [flags]",
          {{"--listen", "api", "listen", "ADDR", "address and port to serve on [127.0.0.1:9001]"},
           {"--data", "api", "data", "DIR", "directory of database, journal and logs [data]"},
           {"--worker", "api", "worker", "NAME", "name of this worker in the logs [w<port>]"},
           {"--database", "database", "url", "URL", "sqlite:PATH or postgres://… [sqlite:<data>/roost.db]"},
           {"--proxy", "api", "proxies", "ADDR", "admin address of a proxy in front; may be repeated", true},
           {"--demo", "api", "demo", "", "fill an empty database with sample users and tweets"}}};
}

/// Reads file, environment and flags into a table that is declared; mistakes are among its problems then.
void read_config(const config::CommandLine& line, config::FieldTable& table, const api::Config& config) {
  if (!line.file.empty()) table.read_file(line.file);
  table.read_environment(environ);
  line.set_fields(table);
  api::check_together(table, config);
}

Result<std::string> give_up_privileges(const api::Config& config) {
  // While the process may still see whom the port belongs to.
  const auto address = net::Address::parse_or_localhost(config.listen);
  if (!address) return tl::unexpected<Error>(address.error());
  if (auto probed = net::TcpListener::probe(*address); !probed) return tl::unexpected<Error>(probed.error());
  return process::drop_privileges(
      {.user = config.user, .core_dumps = config.core_dumps, .directories = {config.data, config.log_directory()}});
}

int could_not_start(const Error& error) {
  fmt::print(stderr, "roost-api: {}\n", error.what);
  return config::kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
  const config::CommandLineParser parser = command_line();
  const auto line = parser.read(argc, argv);
  if (!line) return line.error();
  config::FieldTable table;
  api::Config config;
  api::declare(table, config);
  if (line->print_reference) {
    fmt::print("{}", config::reference(table, parser.flags()));
    return config::kExitSuccess;
  }
  read_config(*line, table, config);
  if (const auto code = line->ended(table)) return *code;

  ::umask(077);  // the database holds e-mail addresses and password hashes
  const auto user = give_up_privileges(config);
  if (!user) return could_not_start(user.error());
  const MemoryReserve reserve;
  api::use_reserve_for_sqlite();
  observe::EventLog events;
  auto worker = api::Worker::start(config, events);
  if (!worker) return could_not_start(worker.error());
  events.info("running", {{"user", *user}});
  events.info("serving", {{"worker", (*worker)->name()}, {"address", (*worker)->address()}, {"data", config.data}});
  process::notify_supervisor("READY=1");
  (*worker)->run();
  events.info("ended", {{"worker", (*worker)->name()}});
  return config::kExitSuccess;
}
