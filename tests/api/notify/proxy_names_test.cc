#include "api/notify/proxy_names.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/common/net/loopback.h"

using namespace roost;
using namespace roost::api;

namespace {

/// Names in a hosts file of the test's, and what is told of their addresses.
class Names {
 public:
  Names() : path_(std::filesystem::temp_directory_path() / ("roost-hosts-" + std::to_string(::getpid()))) {}
  ~Names() { std::filesystem::remove(path_); }
  void are(const std::string& hosts) const { std::ofstream(path_) << hosts; }
  void watch(const std::vector<std::string>& proxies) {
    std::vector<net::HostPort> parsed;
    for (const std::string& proxy : proxies) parsed.push_back(*net::HostPort::parse(proxy));
    watched_ = std::make_unique<ProxyNames>(
        loop, parsed, ProxyNames::Options{.period_ms = 1, .retry_ms = 1, .hosts_file = path_.string()}, events_,
        [this](const std::vector<net::Address>& all) {
          addresses.clear();
          for (const net::Address& address : all) addresses.push_back(address.to_string());
          ++told;
        });
  }
  void until(const std::vector<std::string>& expected) {
    net::run_until(loop, [&] { return addresses == expected; });
  }

  net::EventLoop loop;
  std::vector<std::string> addresses;
  int told = 0;

 private:
  std::filesystem::path path_;
  observe::EventLog events_{[](observe::EventLevel, std::string_view) {}};
  std::unique_ptr<ProxyNames> watched_;
};

}  // namespace

TEST_CASE("addresses of proxies are known at once, each once") {
  Names names;
  names.watch({"127.0.0.1:8081", "localhost:8081", "[::1]:8081"});
  CHECK_EQ(names.addresses, std::vector<std::string>{"127.0.0.1:8081", "[::1]:8081"});
  CHECK_EQ(names.told, 1);
}

TEST_CASE("no proxy is no proxy") {
  Names names;
  names.watch({});
  CHECK(names.addresses.empty());
  CHECK_EQ(names.told, 1);
}

TEST_CASE("a proxy whose name does not resolve yet is found later, and followed") {
  Names names;
  names.are("10.0.0.9 another.invalid\n");
  names.watch({"127.0.0.1:1", "proxy.invalid:8081"});
  CHECK_EQ(names.addresses, std::vector<std::string>{"127.0.0.1:1"});
  names.are("10.0.0.1 proxy.invalid\n");
  names.until({"127.0.0.1:1", "10.0.0.1:8081"});
  names.are("10.0.0.2 proxy.invalid\n10.0.0.3 proxy.invalid\n");
  names.until({"127.0.0.1:1", "10.0.0.2:8081", "10.0.0.3:8081"});
}

TEST_CASE("what does not change is not told again, and a failed look-up changes nothing") {
  Names names;
  names.are("10.0.0.1 proxy.invalid\n");
  names.watch({"proxy.invalid:8081"});
  names.until({"10.0.0.1:8081"});
  CHECK_EQ(names.told, 2);
  names.are("");
  net::settle(names.loop);
  names.are("10.0.0.1 proxy.invalid\n10.0.0.1 proxy.invalid\n");
  net::settle(names.loop);
  CHECK_EQ(names.told, 2);
  CHECK_EQ(names.addresses, std::vector<std::string>{"10.0.0.1:8081"});
}
