#include <cstdio>
#include <fstream>

#include <doctest/doctest.h>

#include "proxy/config/backend_spec.h"
#include "proxy/config/config_loader.h"

using namespace roost;
using namespace roost::proxy;

namespace {

const char* const kNoEnvironment[] = {nullptr};

std::string problems(const ConfigLoader& loader) {
  std::string text;
  for (const auto& problem : loader.problems()) text += problem.to_string() + "\n";
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("upstreams alone make a pool and a route") {
  ConfigLoader loader;
  config::CommandLine line;
  line.settings = {{"proxy", "upstream", "127.0.0.1:9001,api.internal:9002", "--upstream"},
                   {"cache", "default_ttl", "5s", "--cache-ttl"}};
  loader.load(line, kNoEnvironment);
  REQUIRE(problems(loader) == "");
  const Config& config = loader.config();
  REQUIRE(config.pools.size() == 1);
  CHECK(config.pools[0].backends == std::vector<std::string>{"127.0.0.1:9001", "api.internal:9002"});
  REQUIRE(config.routes.size() == 1);
  CHECK(config.routes[0].path == "/");
  CHECK(config.routes[0].pool == "default");
  CHECK(config.routes[0].cache);
  CHECK(config.routes[0].default_ttl == "5s");
}

TEST_CASE("pools and routes from a file; tables of other programs are ignored") {
  ConfigLoader loader;
  loader.load_text(R"([proxy]
listen = ["127.0.0.1:0"]
threads = 2
[cache]
size = "8MiB"
[api]
anything = "goes"
[[pool]]
name = "api"
balance = "two_choices"
backends = ["127.0.0.1:9001 weight=3", "[::1]:9002"]
[[pool]]
name = "logs"
backends = ["127.0.0.1:9003"]
[[route]]
pool = "api"
ignore_client_cache_control = true
[[route]]
path = "/logs"
pool = "logs"
cache = false
default_ttl = "1s"
)");
  REQUIRE(problems(loader) == "");
  const Config& config = loader.config();
  CHECK(config.proxy.threads == 2);
  CHECK(config.cache.size_bytes == 8 << 20);
  CHECK(config.pools[0].balance == "two_choices");
  CHECK(config.routes[0].ignore_client_cache_control);
  CHECK(config.routes[0].default_ttl == "60s");
  CHECK(config.routes[1].default_ttl == "1s");
  CHECK_FALSE(config.routes[1].cache);
}

TEST_CASE("every mistake is reported at once, with its place and a suggestion") {
  ConfigLoader loader;
  loader.load_text(R"([proxy]
listen = ["127.0.0.1"]
threads = "two"
connect_timeout = "2"
[[pool]]
name = "api"
balance = "least_conections"
backends = ["127.0.0.1"]
[[route]]
pool = "apu"
)");
  const std::string text = problems(loader);
  CHECK(contains(text, "test.toml:2:"));
  CHECK(contains(text, "test.toml:3:"));
  CHECK(contains(text, "test.toml:4:"));
  CHECK(contains(text, "test.toml:7:"));
  CHECK(contains(text, "\"least_connections\""));
  CHECK(contains(text, "test.toml:8:"));
  CHECK(contains(text, "there is no pool \"apu\"; did you mean \"api\"?"));
}

TEST_CASE("error pages are read when the configuration is") {
  const auto told = [](const std::string& tables) {
    ConfigLoader loader;
    loader.load_text("[proxy]\nupstream = [\"a:1\"]\n" + tables);
    return problems(loader);
  };
  const std::string path = "config_test_page.html";
  const std::string page = "[[error_page]]\nfile = \"" + path + "\"\n";
  const auto write = [&path](size_t bytes) { std::ofstream(path) << std::string(bytes, 'x'); };
  std::remove(path.c_str());
  CHECK(contains(told(page), "error page config_test_page.html: No such file"));
  write(0);
  CHECK(contains(told(page), "the file is empty"));
  write(ErrorPageSection::kMaxBytes + 1);
  CHECK(contains(told(page), "over 65536 bytes"));
  write(ErrorPageSection::kMaxBytes);
  CHECK(told(page).empty());
  CHECK(told(page + "status = 502\n" + page).empty());
  CHECK(contains(told(page + page), "two [[error_page]]s have the status 0"));
  CHECK(contains(told(page + "status = 200\n"), "expected 400 to 599"));
  CHECK(contains(told("[[error_page]]\n"), "an [[error_page]] needs a file"));
  std::remove(path.c_str());
}

TEST_CASE("values that contradict each other are reported") {
  const auto told = [](std::string_view toml) {
    ConfigLoader loader;
    loader.load_text(toml);
    return problems(loader);
  };
  CHECK(contains(told(""), "no backend: give --upstream"));
  CHECK(contains(told("[[pool]]\nname = \"a\"\n"), "pool \"a\" has no backends"));
  CHECK(contains(told("[proxy]\nupstream = [\"a:1\"]\n[[pool]]\nname = \"p\"\nbackends = [\"b:1\"]\n"),
                 "do not go together"));
  const std::string two = "[[pool]]\nname = \"p\"\nbackends = [\"b:1\"]\n";
  CHECK(contains(told(two + two), "two pools are named \"p\""));
  CHECK(contains(told(two + "[[pool]]\nname = \"q\"\nbackends = [\"b:1\"]\n"), "several pools need [[route]]s"));
  CHECK(contains(told(two + "[[route]]\n[[route]]\n"), "two routes for \"/\""));
  CHECK(contains(told(two + "[[route]]\npath = \"x\"\n"), "a path begins with a slash"));
}

namespace {

const std::string kBackend = "[[pool]]\nbackends = [\"b:1\"]\n";

/// The addresses a configuration listens on, in order, or its problems.
std::string listeners(const ConfigLoader& loader) {
  if (!loader.problems().empty()) return problems(loader);
  std::string text;
  for (const net::Address& address : loader.config().listen_addresses()) {
    text += (text.empty() ? "" : " ") + address.to_string();
  }
  return text;
}

std::string listeners(std::string_view toml) {
  ConfigLoader loader;
  loader.load_text(kBackend + std::string(toml));
  return listeners(loader);
}

}  // namespace

TEST_CASE("[[listen]] tables and [proxy] listen") {
  CHECK(listeners("") == "127.0.0.1:8080");
  CHECK(listeners("[[listen]]\naddress = \"127.0.0.1:80\"\n[[listen]]\naddress = \"[::1]:80\"\n") ==
        "127.0.0.1:80 [::1]:80");
  CHECK(listeners("[[listen]]\naddress = \"*:80\"\n[proxy]\nlisten = [\"127.0.0.1:81\", \"127.0.0.1:82\"]\n") ==
        "127.0.0.1:81 127.0.0.1:82 0.0.0.0:80");
  CHECK(listeners("[proxy]\nlisten = [\"localhost:81\"]\n") == "127.0.0.1:81");
  // Port 0 is another port each time.
  CHECK(listeners("[proxy]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n") == "127.0.0.1:0 127.0.0.1:0");
}

TEST_CASE("--listen overrides the listeners of the file, ROOST_PROXY_LISTEN as well") {
  ConfigLoader by_flag;
  by_flag.load_text(kBackend + "[[listen]]\naddress = \"127.0.0.1:80\"\n");
  config::CommandLine line;
  line.settings = {{"proxy", "listen", "127.0.0.1:81,127.0.0.1:82", "--listen"}};
  by_flag.load(line, kNoEnvironment);
  CHECK(listeners(by_flag) == "127.0.0.1:81 127.0.0.1:82");
  const char* const environment[] = {"ROOST_PROXY_LISTEN=127.0.0.1:83", nullptr};
  ConfigLoader by_variable;
  by_variable.load_text(kBackend + "[[listen]]\naddress = \"127.0.0.1:80\"\n");
  by_variable.load({}, environment);
  CHECK(listeners(by_variable) == "127.0.0.1:83");
}

TEST_CASE("mistakes in listeners") {
  CHECK(contains(listeners("[[listen]]\naddress = \"here\"\n"), "test.toml:4:11: address: "));
  CHECK(contains(listeners("[[listen]]\naddress = 80\n"), "test.toml:4:11: address: expected a string"));
  CHECK(contains(listeners("[[listen]]\nadress = \"127.0.0.1:80\"\n"),
                 "test.toml:4:1: unknown key \"adress\" in [listen]; did you mean \"address\"?"));
  CHECK(contains(listeners("[[listen]]\n"), "a [[listen]] needs an address"));
  CHECK(contains(listeners("[listen]\naddress = \"127.0.0.1:80\"\n"), "write it as [[listen]]"));
  CHECK(contains(listeners("[proxy]\nlisten = []\n"), "no address to listen on"));
  CHECK(contains(listeners("[[listen]]\naddress = \"127.0.0.1:80\"\n[proxy]\nlisten = [\"127.0.0.1:80\"]\n"),
                 "127.0.0.1:80 is listened on twice"));
  CHECK(contains(listeners("[[listen]]\naddress = \"127.0.0.1:8081\"\n"),
                 "admin and listen have the same address, 127.0.0.1:8081"));
}

TEST_CASE("printed listeners can be read back, with their origin") {
  for (const char* toml : {"[[listen]]\naddress = \"127.0.0.1:80\"\n", "[proxy]\nlisten = [\"127.0.0.1:80\"]\n",
                           "[proxy]\nlisten = [\"127.0.0.1:81\"]\n[[listen]]\naddress = \"127.0.0.1:80\"\n"}) {
    CAPTURE(toml);
    ConfigLoader first;
    first.load_text(kBackend + std::string(toml));
    ConfigLoader second;
    second.load_text(first.to_toml());
    CHECK(listeners(second) == listeners(first));
  }
  ConfigLoader loader;
  loader.load_text(kBackend + "[[listen]]\naddress = \"127.0.0.1:80\"\n");
  CHECK(contains(loader.to_toml(), "[[listen]]\naddress = \"127.0.0.1:80\"  # file\n"));
  CHECK(contains(loader.to_toml(), "balance = \"least_connections\"  # default\n"));
}

TEST_CASE("a pool's backends are bounded") {
  std::string backends;
  for (int i = 0; i <= 128; ++i) backends += "\"h:" + std::to_string(i + 1) + "\",";
  ConfigLoader loader;
  loader.load_text("[[pool]]\nbackends = [" + backends + "]\n");
  CHECK(contains(problems(loader), "more than 128 backends"));
}

TEST_CASE("backends carry a weight") {
  CHECK(BackendSpec::parse("a:1")->weight == 1);
  CHECK(BackendSpec::parse("a:1 weight=7")->weight == 7);
  CHECK(BackendSpec::parse("[::1]:9001 weight=1000")->host.to_string() == "[::1]:9001");
  CHECK(BackendSpec::parse("http://a:1 weight=7")->weight == 7);
  for (const char* wrong : {"a", "a:1 ", "a:1 weight=", "a:1 weight=0", "a:1 weight=1001", "a:1 weight=2 x", "a:1 w"}) {
    CAPTURE(wrong);
    CHECK_FALSE(BackendSpec::parse(wrong));
  }
}

TEST_CASE("backends may be written as URLs") {
  CHECK(BackendSpec::parse("http://127.0.0.1:3000")->host.to_string() == "127.0.0.1:3000");
  CHECK(BackendSpec::parse("http://a:3000/")->host.to_string() == "a:3000");
  CHECK(BackendSpec::parse("http://a")->host.to_string() == "a:80");
  CHECK(BackendSpec::parse("http://[::1]/")->host.to_string() == "[::1]:80");
  CHECK(contains(BackendSpec::parse("https://a:1").error().what, "http:// only"));
  for (const char* wrong : {"http://a:1/path", "http://u@a:1", "http://", "http:///", "http://a:", "http://a:1?q"}) {
    CAPTURE(wrong);
    CHECK_FALSE(BackendSpec::parse(wrong));
  }
}

TEST_CASE("a printed configuration can be read back") {
  ConfigLoader first;
  first.load_text("[proxy]\nthreads = 3\n[[pool]]\nname = \"p\"\nbackends = [\"b:1\"]\n");
  ConfigLoader second;
  second.load_text(first.to_toml());
  CHECK(problems(second) == "");
  ConfigLoader third;
  third.load_text(second.to_toml());
  CHECK(third.to_toml() == second.to_toml());
  CHECK(third.config().proxy.threads == 3);
  CHECK(third.config().pools.size() == 1);
}

TEST_CASE("a pool takes from [health] what it does not say itself") {
  ConfigLoader loader;
  loader.load_text(R"([[pool]]
name = "a"
backends = ["h:1"]
check = "/ok"
check_status = ["204", "300-301"]
eject_status = ["none"]
max_eject_time = "20s"
[health]
check = "tcp"
check_rise = 5
eject_failures = 7
[[pool]]
name = "b"
backends = ["h:2"]
[[route]]
pool = "a"
)");
  for (const auto& problem : loader.problems()) FAIL(problem.to_string());
  const HealthOptions a = loader.config().pools[0].health.options();
  CHECK(a.check.kind == CheckOptions::Kind::http);
  CHECK(a.check.path == "/ok");
  CHECK(a.check.expects(204));
  CHECK(a.check.expects(301));
  CHECK_FALSE(a.check.expects(200));
  CHECK(a.check.rise == 5);
  CHECK(a.failure_statuses.empty());
  CHECK(a.outlier.failures_in_row == 7);
  CHECK(a.outlier.max_ejection_ms == 20'000);
  const HealthOptions b = loader.config().pools[1].health.options();
  CHECK(b.check.kind == CheckOptions::Kind::tcp);
  CHECK(b.failure_statuses == std::vector<int>{500, 502, 503, 504});
  CHECK(b.max_ejected_percent == 50);
}

TEST_CASE("the defaults of [health] are those of the code") {
  CHECK(HealthSection::standard().options() == HealthOptions());
}

TEST_CASE("mistakes in [health] are named") {
  ConfigLoader loader;
  loader.load_text(R"([health]
check = "healthz"
check_status = ["2xx", "399-200", "99", "200-"]
check_host = "a b"
check_rise = 0
eject_status = ["404"]
eject_share = 101
eject_time = "10m"
[[pool]]
backends = ["h:1"]
)");
  std::string all;
  for (const auto& problem : loader.problems()) all += problem.to_string() + "\n";
  for (const char* part :
       {"\"healthz\": off, tcp, or a path", "\"2xx\"", "\"399-200\"", "\"99\"", "\"200-\"", "\"a b\" is not a host",
        "check_rise", "\"404\": a status from 500 to 599", "eject_share", "max_eject_time is less than eject_time"}) {
    CAPTURE(part);
    CHECK_MESSAGE(all.find(part) != std::string::npos, all);
  }
}

TEST_CASE("limits for clients are read with their units, and a bad rate is named") {
  ConfigLoader loader;
  loader.load_text(
      "[proxy]\nupstream = [\"127.0.0.1:1\"]\n[limits]\nmax_connections_per_address = 20\nrequest_rate = \"100/s\"\n"
      "min_body_rate = \"2KiB\"\nmin_send_rate = \"0B\"\nmin_send_rate_grace = \"7s\"\n"
      "first_request_timeout = \"3s\"\nmax_loop_lag = \"0s\"\n"
      "[[route]]\npath = \"/login\"\nrequest_rate = \"30/m\"\nrequest_burst = 5\n");
  REQUIRE(problems(loader) == "");
  CHECK(loader.config().limits.max_connections == 0);
  CHECK(loader.config().limits.max_connections_per_address == 20);
  CHECK(loader.config().limits.min_body_rate_bytes == 2'048);
  CHECK(loader.config().limits.min_send_rate_bytes == 0);
  CHECK(loader.config().limits.min_send_rate_grace_ms == 7'000);
  CHECK(loader.config().limits.first_request_timeout_ms == 3'000);
  CHECK(loader.config().limits.max_loop_lag_ms == 0);
  CHECK(loader.config().routes[0].request_rate == "30/m");

  ConfigLoader wrong;
  wrong.load_text("[proxy]\nupstream = [\"127.0.0.1:1\"]\n[limits]\nrequest_rate = \"100\"\nmax_connection = 1\n");
  CHECK(contains(problems(wrong), "a rate is written \"10/s\""));
  CHECK(contains(problems(wrong), "did you mean \"max_connections\"?"));
}
