#include "common/config/field_table.h"

#include <doctest/doctest.h>

#include "common/config/reference.h"

using namespace roost;
using namespace roost::config;

namespace {

struct Pool {
  std::string name = "default";
  int64_t weight = 1;
};

void declare_pool(Section& section, Pool& pool) {
  section.text("name", &pool.name, "what routes call it").number("weight", &pool.weight, {1, 100}, "its share");
}

struct Everything {
  std::string listen = "127.0.0.1:1";
  std::vector<std::string> origins;
  bool demo = false;
  int64_t workers = 3;
  int64_t ttl_ms = 60'000;
  int64_t max_bytes = 64 << 20;
  std::vector<Pool> pools;
  FieldTable table;

  Everything() {
    table.section("api")
        .text("listen", &listen, "where to listen")
        .list("origins", &origins, "who may ask", one_of({"a", "bravo"}))
        .flag("demo", &demo, "fill in samples")
        .number("workers", &workers, {1, 64}, "how many");
    table.section("db_cache")
        .duration("ttl", &ttl_ms, {1, 3'600'000}, "how long an entry lives")
        .bytes("max_bytes", &max_bytes, {1024}, "how much it may hold");
    table.repeated("pool", &pools, declare_pool);
    table.ignore("proxy");
  }
  std::string problem(size_t i) const { return i < table.problems().size() ? table.problems()[i].to_string() : "none"; }
};

}  // namespace

TEST_CASE("a file sets the fields it names and leaves the others") {
  Everything all;
  all.table.read_text(R"(
[proxy]
anything = [1, {a = 2}]
[api]
listen = "127.0.0.1:9001"
origins = ["a", "bravo"]
demo = true
[db_cache]
ttl = "5s"
max_bytes = "1MiB"
[[pool]]
name = "one"
[[pool]]
weight = 7
)",
                      "x.toml");
  CHECK(all.problem(0) == "none");
  CHECK(all.listen == "127.0.0.1:9001");
  CHECK(all.origins == std::vector<std::string>{"a", "bravo"});
  CHECK(all.demo);
  CHECK(all.workers == 3);
  CHECK(all.ttl_ms == 5000);
  CHECK(all.max_bytes == 1 << 20);
  REQUIRE(all.pools.size() == 2);
  CHECK(all.pools[0].name == "one");
  CHECK(all.pools[1].name == "default");
  CHECK(all.pools[1].weight == 7);
}

TEST_CASE("every mistake is named with its place, and all at once") {
  Everything all;
  all.table.read_text(
      "[api]\nlisten = 5\nworkesr = 2\nworkers = 65\norigins = [\"brvo\", 1]\n[db_cach]\n[db_cache]\n"
      "ttl = \"60\"\nmax_bytes = \"1MB\"\n[[pool]]\nname = true\n",
      "x.toml");
  CHECK(all.problem(0) == "x.toml:2:10: listen: expected a string");
  CHECK(all.problem(1) == "x.toml:3:1: unknown key \"workesr\" in [api]; did you mean \"workers\"?");
  CHECK(all.problem(2) == "x.toml:4:11: workers: 65 is too large, at most 64");
  CHECK(all.problem(3) == "x.toml:5:12: origins: \"brvo\": expected one of \"a\", \"bravo\"; did you mean \"bravo\"?");
  CHECK(all.problem(4) == "x.toml:5:20: origins: expected a string");
  CHECK(all.problem(5) == "x.toml:6:2: unknown table \"db_cach\"; did you mean \"db_cache\"?");
  CHECK(all.problem(6).starts_with("x.toml:8:7: ttl: \"60\": expected a duration"));
  CHECK(all.problem(7).starts_with("x.toml:9:13: max_bytes: \"1MB\": expected a size"));
  CHECK(all.problem(8) == "x.toml:11:8: name: expected a string");
  CHECK(all.table.problems().size() == 9);
}

TEST_CASE("a table of the wrong shape and broken TOML are problems") {
  Everything all;
  all.table.read_text("api = 1\n[pool]\nname = \"x\"\n", "x.toml");
  CHECK(all.problem(0) == "x.toml:1:1: \"api\" is a table: write it as [api]");
  CHECK(all.problem(1) == "x.toml:2:1: \"pool\" is a repeated table: write it as [[pool]]");
  Everything broken;
  broken.table.read_text("[api]\nlisten = \n", "y.toml");
  CHECK(broken.problem(0).starts_with("y.toml:2:"));
  Everything missing;
  missing.table.read_file("/does/not/exist.toml");
  CHECK(missing.problem(0).starts_with("/does/not/exist.toml: cannot be read: No such file"));
  Everything directory;
  directory.table.read_file("/");
  CHECK(directory.problem(0).starts_with("/: cannot be read"));
}

TEST_CASE("flag beats environment beats file beats default") {
  Everything all;
  all.table.read_text("[api]\nlisten = \"f:1\"\nworkers = 4\n[db_cache]\nttl = \"1s\"\n", "x.toml");
  const char* environment[] = {"PATH=/bin",          "ROOST_API_WORKERS=5",       "ROOST_DB_CACHE_TTL=2s",
                               "ROOST_BUILD_DIR=/x", "ROOST_API_ORIGINS=a,bravo", nullptr};
  all.table.read_environment(environment);
  all.table.set_flag("api", "workers", "6", "--workers");
  CHECK(all.problem(0) == "none");
  CHECK(all.listen == "f:1");
  CHECK(all.workers == 6);
  CHECK(all.ttl_ms == 2000);
  CHECK(all.origins.size() == 2);
  const std::string toml = all.table.to_toml();
  CHECK(toml.find("workers = 6  # flag\n") != std::string::npos);
  CHECK(toml.find("ttl = \"2s\"  # environment\n") != std::string::npos);
  CHECK(toml.find("listen = \"f:1\"  # file\n") != std::string::npos);
  CHECK(toml.find("max_bytes = \"64MiB\"  # default\n") != std::string::npos);
}

TEST_CASE("bad variables and flags say which") {
  Everything all;
  const char* environment[] = {"ROOST_API_WORKRES=5", "ROOST_API_DEMO=yes", nullptr};
  all.table.read_environment(environment);
  all.table.set_flag("db_cache", "ttl", "soon", "--ttl");
  CHECK(all.problem(0) == "environment: unknown variable ROOST_API_WORKRES; did you mean \"ROOST_API_WORKERS\"?");
  CHECK(all.problem(1) == "environment: ROOST_API_DEMO: \"yes\": expected true or false");
  CHECK(all.problem(2).starts_with("flag: --ttl: \"soon\": expected a duration"));
}

TEST_CASE("what is printed reads back as the same") {
  Everything first;
  first.listen = "a \"quoted\" \\ name\n";
  first.origins = {"a"};
  first.pools.resize(2);
  first.pools[1].name = "second";
  Everything second;
  second.table.read_text(first.table.to_toml(), "printed");
  CHECK(second.problem(0) == "none");
  CHECK(second.listen == first.listen);
  CHECK(second.origins == first.origins);
  REQUIRE(second.pools.size() == 2);
  CHECK(second.pools[1].name == "second");
}

TEST_CASE("repeated tables are bounded") {
  Everything all;
  std::string text;
  for (size_t i = 0; i <= FieldTable::kMaxRepeated; ++i) text += "[[pool]]\n";
  all.table.read_text(text, "x.toml");
  CHECK(all.pools.size() == FieldTable::kMaxRepeated);
  CHECK(all.problem(0) == "x.toml:1025:1: more than 1024 of [[pool]]");
}

TEST_CASE("nearest names") {
  CHECK(nearest_name("tll", {"ttl", "max_bytes"}) == "ttl");
  CHECK(nearest_name("zzzzzz", {"ttl", "max_bytes"}).empty());
  CHECK(nearest_name("xy", {"ab"}).empty());
}

TEST_CASE("what is secret is masked where it is printed, and nowhere else") {
  std::string password = "hush";
  std::vector<std::string> urls{"u:hush", "v"};
  FieldTable table;
  const auto mask = [](std::string_view text) {
    const size_t colon = text.find(':');
    return colon == std::string_view::npos ? std::string("***") : std::string(text.substr(0, colon + 1)) + "***";
  };
  table.section("db").text("password", &password, "").masked(mask).list("urls", &urls, "").masked(mask);
  const std::string printed = table.to_toml();
  CHECK(printed.find("hush") == std::string::npos);
  CHECK(printed.find("password = \"***\"") != std::string::npos);
  CHECK(printed.find("urls = [\"u:***\", \"***\"]") != std::string::npos);
  CHECK(password == "hush");
}

TEST_CASE("the reference has every field with its default, bounds, meaning and flag") {
  Everything all;
  const std::string text = reference(all.table, {{"--workers", "api", "workers", "N", "", false}});
  CHECK(text == R"(
### `[api]`

| key | default | value | meaning |
|---|---|---|---|
| `listen` | `"127.0.0.1:1"` | string | where to listen |
| `origins` | `[]` | list of strings | who may ask |
| `demo` | `false` | true or false | fill in samples |
| `workers` | `3` | number, 1 to 64 | how many; flag `--workers` |

### `[db_cache]`

| key | default | value | meaning |
|---|---|---|---|
| `ttl` | `"1m"` | duration, 1ms to 1h | how long an entry lives |
| `max_bytes` | `"64MiB"` | size, 1KiB or more | how much it may hold |

### `[[pool]]`

| key | default | value | meaning |
|---|---|---|---|
| `name` | `"default"` | string | what routes call it |
| `weight` | `1` | number, 1 to 100 | its share |
)");
}

TEST_CASE("the reference says where a value is inherited from, hides secrets, and escapes what ends a cell") {
  std::string url = "a|b";
  int64_t limit = -1;
  int64_t own = 0;
  FieldTable table;
  table.section("x")
      .text("url", &url, "of a|b")
      .masked(hide_secret)
      .inherits("y")
      .number("limit", &limit, {0, 9}, "how many")
      .inherits("")
      .number("own", &own, {0, 9}, "of its own");
  const std::string text = reference(table, {});
  CHECK(text.find("| `url` | `\"***\"` | string | of a\\|b; a secret in it is never printed |\n") != std::string::npos);
  CHECK(text.find("| `limit` | that of `[y]` | number, 0 to 9 | how many |\n") != std::string::npos);
  CHECK(text.find("| `own` | `0` | number, 0 to 9 | of its own |\n") != std::string::npos);
}
