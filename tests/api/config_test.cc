#include "api/config.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

struct Read {
  Config config;
  config::FieldTable table;
  explicit Read(std::string_view toml) {
    declare(table, config);
    table.read_text(toml, "roost.toml");
    check_together(table, config);
  }
  std::string problem() const { return table.problems().empty() ? "none" : table.problems()[0].to_string(); }
};

}  // namespace

TEST_CASE("the proxy's tables are passed over, the worker's are read") {
  Read read(
      "[proxy]\nlisten = 1\n[[pool]]\nx = 1\n[[route]]\n[cache]\n[api]\ndata = \"d\"\n[batcher]\nflush_above = 3\n"
      "durability = \"os\"\n[logs]\naccess = \"open\"\n[db_cache]\nttl = \"5s\"\n");
  CHECK(read.problem() == "none");
  CHECK(read.config.flush_above == 3);
  CHECK(read.config.cache_ttl_ms == 5000);
  CHECK(read.config.database_options().url == "sqlite:d/roost.db");
  CHECK(read.config.log_directory() == "d/logs");
  CHECK(read.config.log_access() == LogAccess::open);
  CHECK(read.config.batcher_durability() == batcher::Durability::os);
}

TEST_CASE("values that cannot be are refused with their place") {
  CHECK(Read("[api]\nlisten = \"9001\"\n").problem().starts_with("roost.toml:2:10: listen: "));
  CHECK(Read("[api]\nlistn = \"x\"\n").problem() ==
        "roost.toml:2:1: unknown key \"listn\" in [api]; did you mean \"listen\"?");
  CHECK(Read("[api]\nworker = \"a/b\"\n").problem().starts_with("roost.toml:2:10: worker: "));
  CHECK(Read("[api]\ndata = \"\"\n").problem().starts_with("roost.toml:2:8: data: "));
  CHECK(Read("[database]\nurl = \"mysql://x\"\n").problem().starts_with("roost.toml:2:7: url: "));
  CHECK(Read("[database]\nurl = \"sqlite:\"\n").problem().find("a path") != std::string::npos);
  CHECK(Read("[database]\nreplicas = [\"postgres://x/y\"]\n").problem().find("need PostgreSQL") != std::string::npos);
  CHECK(Read("[batcher]\ndurability = \"durible\"\n").problem().find("did you mean \"durable\"") != std::string::npos);
  CHECK(Read("[logs]\naccess = \"token\"\n").problem().find("needs a token") != std::string::npos);
  CHECK(Read("[database]\nurl = \"sqlite:/x/y.db\"\n").config.database_options().url == "sqlite:/x/y.db");
}

TEST_CASE("a PostgreSQL is named by its URL, and its password is never shown") {
  Read read(
      "[database]\nurl = \"postgres://ada:s3cret@db/roost\"\nreplicas = [\"postgres://ada:s3cret@r1/roost\"]\n"
      "prepared_statements = false\nconnections = 9\nstatement_timeout = \"2s\"\n");
  CHECK(read.problem() == "none");
  const DatabaseOptions options = read.config.database_options();
  CHECK(options.url == "postgres://ada:s3cret@db/roost");
  CHECK(options.replicas.size() == 1);
  CHECK(options.replica_max_lag_ms == 10'000);
  CHECK_FALSE(options.prepared_statements);
  CHECK(options.connections == 9);
  CHECK(options.statement_timeout_ms == 2000);
  CHECK(read.table.to_toml().find("s3cret") == std::string::npos);
  CHECK(read.table.to_toml().find("postgres://ada:***@db/roost") != std::string::npos);
  const std::string problem = Read("[database]\nurl = \"postgres://ada:s3cret@[db/roost\"\n").problem();
  CHECK(problem.starts_with("roost.toml:2:7: url: "));
  CHECK(problem.find("s3cret") == std::string::npos);
}
