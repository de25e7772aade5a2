#include "api/storage.h"

#include <filesystem>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "api/accounts/passwords.h"
#include "api/db/sqlite/write_lock.h"

namespace roost::api {
namespace {

/// Makes a directory where there is none, and finds out whether files can be written in it.
Result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(fmt::format("the directory {} cannot be made: {}", path, error.message()));
  auto probe = WriteLock::open(path + "/.writable");
  if (!probe) return fail(fmt::format("the directory {} cannot be written: {}", path, probe.error().what));
  std::filesystem::remove(path + "/.writable", error);
  return {};
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

Storage::Storage(const WorkerContext& context)
    : cache_({.limit_bytes = static_cast<uint64_t>(context.config.cache_max_bytes),
              .ttl_ms = context.config.cache_ttl_ms,
              .negative_ttl_ms = context.config.cache_negative_ttl_ms},
             context.clock) {}

Result<std::unique_ptr<Storage>> Storage::open(const WorkerContext& context) {
  for (const std::string& path : {context.config.data, context.config.log_directory()}) {
    if (auto made = make_directory(path); !made) return tl::unexpected<Error>(made.error());
  }
  std::unique_ptr<Storage> storage(new Storage(context));
  if (auto opened = storage->open_log(context); !opened) return tl::unexpected<Error>(opened.error());
  if (auto opened = storage->open_database(context); !opened) return tl::unexpected<Error>(opened.error());
  if (auto opened = storage->open_shipper(context); !opened) return tl::unexpected<Error>(opened.error());
  return storage;
}

Result<void> Storage::open_log(const WorkerContext& context) {
  auto log = RequestLog::open({.directory = context.config.log_directory(),
                               .worker = context.name,
                               .rotate_bytes = static_cast<uint64_t>(context.config.logs_rotate_bytes),
                               .keep_files = static_cast<unsigned>(context.config.logs_keep)},
                              context.events);
  if (!log) return tl::unexpected<Error>(log.error());
  log_ = std::move(*log);
  return {};
}

Result<void> Storage::open_database(const WorkerContext& context) {
  const Config& config = context.config;
  DatabaseOptions options = config.database_options();
  options.observer = log_.get();
  if (config.demo) {
    options.hash_demo_password = [operations = static_cast<uint64_t>(config.password_operations),
                                  memory_bytes = static_cast<size_t>(config.password_memory_bytes)] {
      return hash_password(kDemoPassword, operations, memory_bytes);
    };
  }
  auto opened = api::open_database(options, context.loop, context.events, context.clock);
  if (!opened) return tl::unexpected<Error>(opened.error());
  database_ = std::move(opened->database);
  like_sink_ = std::move(opened->likes);
  return {};
}

Result<void> Storage::open_shipper(const WorkerContext& context) {
  const Config& config = context.config;
  if (!config.logs_in_database()) return {};
  const auto target = PgTarget::parse(config.database_url);
  if (!target) return tl::unexpected<Error>(target.error());
  const PgSession::Limits limits{.connect_timeout_ms = config.database_connect_timeout_ms,
                                 .statement_timeout_ms = config.statement_timeout_ms,
                                 .answer_timeout_ms = config.database_timeout_ms,
                                 .session = config.prepared_statements,
                                 .name = "roost-api logs"};
  auto shipper = LogShipper::start({.directory = config.log_directory(),
                                    .worker = context.name,
                                    .host = config.logs_host.empty() ? host_name() : config.logs_host,
                                    .keep_days = config.logs_keep_days},
                                   *target, limits, context.events);
  if (!shipper) return tl::unexpected<Error>(shipper.error());
  shipper_ = std::move(*shipper);
  stored_logs_ = std::make_shared<StoredLogs>(config.log_directory(), *shipper_, *target, limits, context.events);
  return {};
}

std::function<Result<LogAnswer>(const LogQuery&)> Storage::log_reader() const {
  if (!stored_logs_) return {};
  return [stored = stored_logs_](const LogQuery& query) { return stored->read(query); };
}

}  // namespace roost::api
