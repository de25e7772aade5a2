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
