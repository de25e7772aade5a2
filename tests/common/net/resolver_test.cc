#include "common/net/resolver.h"

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <netdb.h>
#include <unistd.h>

#include "tests/common/net/loopback.h"

using namespace roost::net;
using Answer = roost::Result<std::vector<Address>>;

namespace {

/// A hosts file that is gone with the test.
class HostsFile {
 public:
  explicit HostsFile(const std::string& text) {
    char name[] = "/tmp/roost-hosts-XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE_GE(fd, 0);
    ::close(fd);
    path_ = name;
    write(text);
  }
  ~HostsFile() { std::remove(path_.c_str()); }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::trunc) << text; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Answer look_up(EventLoop& loop, Resolver& resolver, const HostPort& host) {
  std::optional<Answer> answer;
  int calls = 0;
  auto lookup = resolver.resolve(host, [&](Answer result) {
    answer = std::move(result);
    ++calls;
  });
  CHECK_EQ(calls, 0);
  run_until(loop, [&] { return answer.has_value(); });
  settle(loop);
  CHECK_EQ(calls, 1);
  return *answer;
}

std::vector<std::string> texts(const Answer& answer) {
  std::vector<std::string> result;
  if (answer) {
    for (const Address& address : *answer) result.push_back(address.to_string());
  }
  return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("numbers are answered as they are, later") {
  EventLoop loop;
  Resolver resolver(loop);
  CHECK_EQ(texts(look_up(loop, resolver, {"127.0.0.1", 9001})), Texts{"127.0.0.1:9001"});
  CHECK_EQ(texts(look_up(loop, resolver, {"::1", 9001})), Texts{"[::1]:9001"});
}

TEST_CASE("the hosts file is asked first, and read anew each time") {
  EventLoop loop;
  const HostsFile hosts(
      "# comment\n\n  10.0.0.1\tfirst.invalid both.invalid # both.invalid\n::7 both.invalid\nbad first.invalid\n");
  Resolver resolver(loop, hosts.path());
  CHECK_EQ(texts(look_up(loop, resolver, {"first.invalid", 80})), Texts{"10.0.0.1:80"});
  CHECK_EQ(texts(look_up(loop, resolver, {"FIRST.Invalid", 80})), Texts{"10.0.0.1:80"});
  CHECK_EQ(texts(look_up(loop, resolver, {"both.invalid", 81})), Texts{"10.0.0.1:81", "[::7]:81"});
  hosts.write("10.0.0.2 first.invalid");
  CHECK_EQ(texts(look_up(loop, resolver, {"first.invalid", 80})), Texts{"10.0.0.2:80"});
}

TEST_CASE("a hosts file has limits") {
  EventLoop loop;
  const std::string padding(Resolver::kMaxHostsFileBytes, '\n');
  std::string text = "10.0.0.1 first.invalid\n" + padding + "10.0.0.2 first.invalid\n";
  for (size_t i = 0; i < Resolver::kMaxAddresses + 5; ++i) text.insert(0, "10.0.1.1 many.invalid\n");
  const HostsFile hosts(text);
  Resolver resolver(loop, hosts.path());
  CHECK_EQ(texts(look_up(loop, resolver, {"first.invalid", 80})), Texts{"10.0.0.1:80"});
  CHECK_EQ(texts(look_up(loop, resolver, {"many.invalid", 80})).size(), Resolver::kMaxAddresses);
}

TEST_CASE("a name that nobody knows is a retryable error that names it") {
  EventLoop loop;
  Resolver resolver(loop, "/nonexistent/hosts");
  for (const std::string& name : {std::string("no-such-name.invalid"), std::string(300, 'x')}) {
    const Answer answer = look_up(loop, resolver, {name, 80});
    REQUIRE_FALSE(answer);
    CHECK_NE(answer.error().what.find(name), std::string::npos);
    CHECK(answer.error().retryable);
    CHECK_EQ(answer.error().side, roost::Side::backend);
  }
}

TEST_CASE("the system's names are known") {
  // A minimal system may have no /etc/hosts, and then knows no localhost: what getaddrinfo says is what counts.
  addrinfo* list = nullptr;
  const bool known = getaddrinfo("localhost", nullptr, nullptr, &list) == 0;
  if (list != nullptr) freeaddrinfo(list);
  EventLoop loop;
  Resolver resolver(loop);
  const Answer answer = look_up(loop, resolver, {"localhost", 80});
  REQUIRE_EQ(answer.has_value(), known);
  if (!known) return;
  REQUIRE_FALSE(answer->empty());
  CHECK(answer->front().is_loopback());
  CHECK_EQ(answer->front().port(), 80);
}

TEST_CASE("a look-up that is destroyed is never answered") {
  EventLoop loop;
  {
    Resolver resolver(loop);
    int calls = 0;
    for (const char* host : {"127.0.0.1", "localhost", "no-such-name.invalid"}) {
      auto lookup = resolver.resolve({host, 80}, [&](const Answer&) { ++calls; });
      auto at_once = resolver.resolve({host, 80}, [&](const Answer&) { ++calls; });
      at_once.reset();
      settle(loop);
      calls = 0;
      lookup.reset();
      settle(loop);
      CHECK_EQ(calls, 0);
    }
  }
  // Those still in the thread pool end with the loop.
}

TEST_CASE("an answer may destroy its look-up and the resolver") {
  for (const char* host : {"127.0.0.1", "localhost", "no-such-name.invalid"}) {
    EventLoop loop;
    auto resolver = std::make_unique<Resolver>(loop);
    std::unique_ptr<Resolver::Lookup> lookup;
    bool answered = false;
    lookup = resolver->resolve({host, 80}, [&](const Answer& answer) {
      lookup.reset();
      resolver.reset();
      answered = answer.has_value() || !answer.error().what.empty();
    });
    run_until(loop, [&] { return answered; });
  }
}
