#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/db/open_database.h"
#include "api/logs/logs.h"
#include "batcher/batcher.h"
#include "common/config/field_table.h"

namespace roost::api {

/// The configuration of a worker, with its defaults. `declare` binds it to names, bounds and help texts.
struct Config {
  // [api]
  std::string listen = "127.0.0.1:9001";
  std::string data = "data";
  std::string worker;  ///< empty: "w<port>"
  bool demo = false;
  std::string user;  ///< empty: "roost", where there is one
  bool core_dumps = false;
  int64_t drain_timeout_ms = 10'000;
  std::string token_key;  ///< empty: <data>/token.key
  int64_t token_ttl_ms = 86'400'000;
  int64_t password_operations = 2;
  int64_t password_memory_bytes = 64 << 20;
  int64_t login_attempts = 10;
  int64_t login_attempts_per_address = 50;
  int64_t login_window_ms = 60'000;
  int64_t registrations_per_address = 20;
  int64_t registration_window_ms = 3'600'000;
  int64_t likes_per_address = 6'000;
  int64_t likes_window_ms = 60'000;
  std::vector<std::string> cors_origins;
  bool public_metrics = false;
  std::vector<std::string> trusted_proxies = {"127.0.0.0/8", "::1"};
  std::vector<std::string> proxies;  ///< admin addresses of the proxies in front
  // [admin], which is the proxy's table
  std::string admin_token;
  std::vector<std::string> admin_hosts;  ///< not used
  // [database]
  std::string database_url;  ///< empty: sqlite:<data>/roost.db
  std::vector<std::string> database_replicas;
  int64_t replica_max_lag_ms = 10'000;
  int64_t database_connections = 4;
  int64_t database_connect_timeout_ms = 2000;
  int64_t database_queue_timeout_ms = 1000;
  int64_t database_timeout_ms = 5000;
  int64_t statement_timeout_ms = 4000;
  bool prepared_statements = true;
  // [batcher]
  int64_t flush_above = 10;
  int64_t max_age_ms = 60'000;
  std::string durability = "durable";
  int64_t sync_interval_ms = 1000;
  int64_t batch_spacing_ms = 100;
  int64_t max_journal_bytes = 256 << 20;
  // [db_cache]
  int64_t cache_ttl_ms = 58'000;
  int64_t cache_negative_ttl_ms = 5'000;
  int64_t cache_max_bytes = 64 << 20;
  // [logs]
  std::string logs_directory;  ///< empty: <data>/logs
  std::string logs_access = "loopback";
  std::string logs_token;
  int64_t logs_rotate_bytes = 64 << 20;
  int64_t logs_keep = 4;
  std::string logs_store = "files";
  std::string logs_host;  ///< empty: the host's name
  int64_t logs_keep_days = 7;

  /// Without observer and demo.
  DatabaseOptions database_options() const;
  std::string log_directory() const { return logs_directory.empty() ? data + "/logs" : logs_directory; }
  std::string journal_directory() const { return data + "/journal"; }
  std::string token_key_path() const { return token_key.empty() ? data + "/token.key" : token_key; }
  LogAccess log_access() const;
  batcher::Durability batcher_durability() const;
  bool logs_in_database() const { return logs_store == "postgres"; }
};

/// Declares every field of `config`, and ignores the tables of the proxy, which are in the same file. `config` must
/// outlive `table`.
void declare(config::FieldTable& table, Config& config);

/// Checks that involve several fields; call after all have been read.
void check_together(config::FieldTable& table, const Config& config);

}  // namespace roost::api
