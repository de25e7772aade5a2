#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "api/worker.h"
#include "common/observe/event_log.h"

namespace {

using namespace roost;

constexpr int kCouldNotStart = 1;
constexpr int kWrongUsage = 2;

struct CommandLine {
  std::string file;
  bool check = false;
  bool print = false;
  /// A flag that was given: which field it sets, and to what.
  struct Setting {
    std::string section, field, flag, text;
  };
  std::vector<Setting> settings;
};

/// Reads flags; an exit code when the program is to end here (help, version, wrong usage).
int read_command_line(int argc, char** argv, CommandLine& line) {
  CLI::App app{"roost-api: a worker of Roost's HTTP API"};
  app.set_version_flag("--version", ROOST_VERSION);
  app.add_option("--config", line.file, "TOML file, shared with roost-proxy");
  app.add_flag("--check", line.check, "read the configuration, report what is wrong, and end");
  app.add_flag("--print-config", line.print, "print the effective configuration and end");
  const auto setting = [&](const std::string& flag, const char* section, const char* field, const std::string& prose) {
    app.add_option_function<std::string>(
        flag,
        [&line, flag, section, field](const std::string& text) {
          line.settings.push_back({section, field, flag, text});
        },
        prose);
  };
  setting("--listen", "api", "listen", "address and port to serve on (127.0.0.1:9001)");
  setting("--data", "api", "data", "directory of database, journal and logs (data)");
  setting("--worker", "api", "worker", "name of this worker in the logs (w<port>)");
  setting("--database", "database", "url", "sqlite:PATH or postgres://… (sqlite:<data>/roost.db)");
  setting("--proxy", "api", "proxies", "admin address of a proxy in front; several with commas");
  app.add_flag_callback(
      "--demo",
      [&line] {
        line.settings.push_back({"api", "demo", "--demo", "true"});
      },
      "fill an empty database with sample users and tweets");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // the library's way of ending, for --help too
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return -1;
}

/// False when something is wrong; it has been printed then.
bool read_config(const CommandLine& line, config::FieldTable& table, api::Config& config) {
  api::declare(table, config);
  if (!line.file.empty()) table.read_file(line.file);
  table.read_environment(environ);
  for (const CommandLine::Setting& setting : line.settings)
    table.set_flag(setting.section, setting.field, setting.text, setting.flag);
  api::check_together(table, config);
  for (const config::Problem& problem : table.problems()) fmt::print(stderr, "roost-api: {}\n", problem.to_string());
  return table.problems().empty();
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  if (const int code = read_command_line(argc, argv, line); code >= 0) return code;
  config::FieldTable table;
  api::Config config;
  if (!read_config(line, table, config)) return kCouldNotStart;
  if (line.print) fmt::print("{}", table.to_toml());
  if (line.print || line.check) return 0;

  ::umask(077);  // the database holds addresses and passwords' hashes
  observe::EventLog events;
  auto worker = api::Worker::start(config, events);
  if (!worker) {
    fmt::print(stderr, "roost-api: {}\n", worker.error().what);
    return kCouldNotStart;
  }
  events.info("serving", {{"worker", (*worker)->name()}, {"address", (*worker)->address()}, {"data", config.data}});
  (*worker)->run();
  events.info("ended", {{"worker", (*worker)->name()}});
  return 0;
}
