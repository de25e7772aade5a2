#include "api/config.h"

#include <filesystem>
#include <system_error>

#include <fmt/core.h>

#include "api/db/postgres/pg_target.h"
#include "api/http/cors.h"
#include "common/base/units.h"
#include "common/net/address.h"
#include "common/net/network_set.h"
#include "common/service/request.h"

namespace roost::api {
namespace {

std::string check_address(std::string_view text) {
  const auto address = net::Address::parse_or_localhost(text);
  return address ? "" : address.error().what;
}

std::string check_proxy(std::string_view text) {
  const auto proxy = net::HostPort::parse(text);
  return proxy ? "" : proxy.error().what;
}

std::string check_database(std::string_view url) {
  return url.empty() ? "" : check_database_url(url);
}

std::string check_replica(std::string_view url) {
  return url.starts_with("sqlite:") ? "only PostgreSQL has replicas" : check_database_url(url);
}

std::string check_worker(std::string_view name) {
  return name.empty() || service::is_request_id(name)
             ? ""
             : fmt::format("\"{}\": letters, digits, '-', '_' and '.' only", name);
}

std::string check_not_empty(std::string_view text) {
  return text.empty() ? "must not be empty" : "";
}

std::string check_network(std::string_view text) {
  const auto added = net::NetworkSet().add(text);
  return added ? "" : added.error().what;
}

constexpr int64_t kDayMs = 86'400'000;
constexpr config::Range kWait{10, 60'000};
constexpr config::Range kAttempts{1, 1'000'000};
constexpr config::Range kCount{0, 1'000'000'000};

}  // namespace

DatabaseOptions Config::database_options() const {
  DatabaseOptions options;
  options.url = database_url.empty() ? "sqlite:" + data + "/roost.db" : database_url;
  options.replicas = database_replicas;
  options.replica_max_lag_ms = replica_max_lag_ms;
  options.connections = database_connections;
  options.connect_timeout_ms = database_connect_timeout_ms;
  options.queue_timeout_ms = database_queue_timeout_ms;
  options.timeout_ms = database_timeout_ms;
  options.statement_timeout_ms = statement_timeout_ms;
  options.prepared_statements = prepared_statements;
  options.demo_lock_path = data + "/demo-lock";
  return options;
}

LogAccess Config::log_access() const {
  if (logs_access == "open") return LogAccess::open;
  return logs_access == "token" ? LogAccess::token : LogAccess::loopback;
}

batcher::Durability Config::batcher_durability() const {
  if (durability == "interval") return batcher::Durability::interval;
  return durability == "os" ? batcher::Durability::os : batcher::Durability::durable;
}

namespace {

void declare_worker(config::FieldTable& table, Config& config) {
  table.section("api")
      .text("listen", &config.listen, "address and port to serve on", check_address)
      .text("data", &config.data, "directory of database, journal and logs", check_not_empty)
      .text("worker", &config.worker, "name of this worker in the logs; empty for w<port>", check_worker)
      .text("user", &config.user, "account to change to when started as root; empty for roost, if there is one")
      .flag("core_dumps", &config.core_dumps, "allow core files, which may contain passwords and tokens")
      .flag("demo", &config.demo, "fill an empty database with sample users and tweets")
      .duration("drain_timeout", &config.drain_timeout_ms, {0, 600'000},
                "limit for requests in progress at shutdown, then for pending likes")
      .text("token_key", &config.token_key, "file of the key that signs tokens; empty for <data>/token.key")
      .duration("token_ttl", &config.token_ttl_ms, {1000, 365 * kDayMs}, "lifetime of an access token")
      .number("password_ops", &config.password_operations, {1, 100}, "argon2id passes per hash")
      .bytes("password_memory", &config.password_memory_bytes, {8 << 10, 4LL << 30}, "argon2id memory per hash")
      .number("login_attempts", &config.login_attempts, kAttempts, "failed log-ins of an account per login_window")
      .number("login_attempts_per_address", &config.login_attempts_per_address, kAttempts,
              "failed log-ins of a client's address per login_window")
      .duration("login_window", &config.login_window_ms, {1000, kDayMs}, "period in which failed log-ins are counted")
      .number("registrations_per_address", &config.registrations_per_address, kCount,
              "registrations of a client's address per registration_window; 0 for no limit")
      .duration("registration_window", &config.registration_window_ms, {1000, kDayMs},
                "period in which registrations are counted")
      .number("likes_per_address", &config.likes_per_address, kCount,
              "likes of a client's address per likes_window; 0 for no limit")
      .duration("likes_window", &config.likes_window_ms, {1000, kDayMs}, "period in which likes are counted")
      .list("cors_origins", &config.cors_origins, "origins whose pages may use the API (CORS), or \"*\"", check_origin)
      .flag("public_metrics", &config.public_metrics, "answer /metrics, /healthz and /readyz through proxies as well")
      .list("trusted_proxies", &config.trusted_proxies, "networks whose X-Forwarded-For is trusted", check_network)
      .list("proxies", &config.proxies, "admin addresses of all proxies in front, told what was written", check_proxy);
  table.section("admin")
      .list("hosts", &config.admin_hosts, "host names of the admin listeners; not used by workers")
      .text("token", &config.admin_token, "bearer token of the proxies' admin listeners")
      .masked(config::hide_secret);
}

}  // namespace

void declare(config::FieldTable& table, Config& config) {
  declare_worker(table, config);
  table.section("database")
      .text("url", &config.database_url, "sqlite:PATH or postgres://…; empty for sqlite:<data>/roost.db",
            check_database)
      .masked(without_password)
      .list("replicas", &config.database_replicas, "postgres://… of read replicas", check_replica)
      .masked(without_password)
      .duration("replica_max_lag", &config.replica_max_lag_ms, {0, 3'600'000},
                "age up to which a replica is read; 0 for no limit")
      .number("connections", &config.database_connections, {1, 64},
              "connections of this worker to each PostgreSQL server")
      .duration("connect_timeout", &config.database_connect_timeout_ms, kWait, "limit for connecting")
      .duration("queue_timeout", &config.database_queue_timeout_ms, kWait, "limit for waiting for a free connection")
      .duration("timeout", &config.database_timeout_ms, kWait, "limit for a whole operation")
      .duration("statement_timeout", &config.statement_timeout_ms, kWait,
                "limit for a statement, enforced by PostgreSQL")
      .flag("prepared_statements", &config.prepared_statements, "false behind a transaction pooler such as PgBouncer");
  table.section("batcher")
      .number("flush_above", &config.flush_above, {0, 1'000'000},
              "likes of a tweet are flushed when more than this are pending")
      .duration("max_age", &config.max_age_ms, {0, kDayMs},
                "likes of a tweet are flushed when the oldest has waited this long")
      .text("durability", &config.durability, "when a like is acknowledged: durable, interval or os",
            config::one_of({"durable", "interval", "os"}))
      .duration("sync_interval", &config.sync_interval_ms, {1, 60'000},
                "time between two syncs with durability = \"interval\"")
      .duration("batch_spacing", &config.batch_spacing_ms, {0, 60'000}, "minimum time between two batches")
      .bytes("max_journal", &config.max_journal_bytes, {32 << 20, int64_t{1} << 40},
             "limit of the journal on disk; likes get 503 above");
  table.section("db_cache")
      .duration("ttl", &config.cache_ttl_ms, {1, kDayMs}, "lifetime of an entry; less than the max-age of answers, 60s")
      .duration("negative_ttl", &config.cache_negative_ttl_ms, {1, kDayMs},
                "lifetime of an entry for a row that does not exist")
      .bytes("max_bytes", &config.cache_max_bytes, {64 << 10, int64_t{1} << 40}, "limit of all entries together");
  table.section("logs")
      .text("directory", &config.logs_directory, "shared by the workers of a host; empty for <data>/logs")
      .text("access", &config.logs_access, "who may read /logs: open, loopback or token",
            config::one_of({"open", "loopback", "token"}))
      .text("token", &config.logs_token, "bearer token for access = \"token\"")
      .masked(config::hide_secret)
      .bytes("rotate", &config.logs_rotate_bytes, {64 << 10, int64_t{1} << 40}, "size at which a file is rotated")
      .number("keep", &config.logs_keep, {0, 1000}, "rotated files that are kept")
      .text("store", &config.logs_store, "where /logs reads: files, of this host; or postgres, of all hosts",
            config::one_of({"files", "postgres"}))
      .text("host", &config.logs_host, "name of this host in the logs; empty for the system's", check_worker)
      .number("keep_days", &config.logs_keep_days, {1, 3650}, "days that are kept in PostgreSQL, today included");
  for (const char* name : {"proxy", "cache", "health", "limits", "listen", "pool", "route", "error_page"})
    table.ignore(name);
}

void check_together(config::FieldTable& table, const Config& config) {
  const bool is_postgres = config.database_url.starts_with("postgres");
  if (config.logs_access == "token" && config.logs_token.empty())
    table.add_problem("[logs] access = \"token\" needs a token", table.place_of("logs", "access"));
  if (config.logs_in_database() && !is_postgres)
    table.add_problem("[logs] store = \"postgres\" needs PostgreSQL as [database] url",
                      table.place_of("logs", "store"));
  if (!config.database_replicas.empty() && !is_postgres)
    table.add_problem("[database] replicas need PostgreSQL", table.place_of("database", "replicas"));
  if (is_postgres && config.statement_timeout_ms >= config.database_timeout_ms) {
    table.add_problem(
        fmt::format("[database] statement_timeout, {}, must be less than timeout, {}: else PostgreSQL "
                    "continues with statements that the worker has given up",
                    format_duration_ms(config.statement_timeout_ms), format_duration_ms(config.database_timeout_ms)),
        table.place_of("database", "timeout"));
  }
  const std::filesystem::path folder = std::filesystem::path(config.token_key).parent_path();
  std::error_code unused;
  if (!folder.empty() && !std::filesystem::is_directory(folder, unused)) {
    table.add_problem(fmt::format("[api] token_key: there is no folder {}", folder.string()),
                      table.place_of("api", "token_key"));
  }
}

}  // namespace roost::api
