#include "proxy/limits/connection_limits.h"

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;
using Verdict = http::ConnectionGate::Verdict;

namespace {

net::Address at(const std::string& text) {
  return *net::Address::parse(text);
}

net::NetworkSet networks(std::string_view network) {
  net::NetworkSet set;
  REQUIRE(set.add(network));
  return set;
}

}  // namespace

TEST_CASE("connections are counted in all") {
  ConnectionLimits limits(0, {});
  limits.set_total(2);
  CHECK(limits.admit(at("10.0.0.1:1")) == Verdict::admitted);
  CHECK(limits.admit(at("10.0.0.1:2")) == Verdict::admitted);
  CHECK(limits.admit(at("10.0.0.2:1")) == Verdict::full);
  CHECK(limits.open() == 2);
  limits.on_closed(at("10.0.0.1:1"));
  CHECK(limits.admit(at("10.0.0.2:1")) == Verdict::admitted);
  limits.set_total(0);
  for (int i = 0; i < 100; ++i) CHECK(limits.admit(at("10.0.0.2:1")) == Verdict::admitted);
}

TEST_CASE("connections are counted per IPv4 address and per IPv6 network") {
  ConnectionLimits limits(2, {});
  const auto takes_two = [&](const char* a, const char* b, const char* third, const char* other) {
    CHECK(limits.admit(at(a)) == Verdict::admitted);
    CHECK(limits.admit(at(b)) == Verdict::admitted);
    CHECK(limits.admit(at(third)) == Verdict::address_full);
    CHECK(limits.admit(at(other)) == Verdict::admitted);
    limits.on_closed(at(b));
    CHECK(limits.admit(at(third)) == Verdict::admitted);
  };
  takes_two("10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "10.0.0.2:1");
  takes_two("[2001:db8:1:2::1]:1", "[2001:db8:1:2::2]:1", "[2001:db8:1:2:ffff::]:1", "[2001:db8:1:3::1]:1");
  takes_two("[::ffff:192.0.2.1]:1", "192.0.2.1:1", "[::ffff:192.0.2.1]:2", "[::ffff:192.0.2.2]:1");
  CHECK(limits.open() == 9);
}

TEST_CASE("who is full in all is not counted for its address") {
  ConnectionLimits limits(1, {});
  limits.set_total(1);
  CHECK(limits.admit(at("10.0.0.1:1")) == Verdict::admitted);
  CHECK(limits.admit(at("10.0.0.2:1")) == Verdict::full);
  limits.on_closed(at("10.0.0.1:1"));
  CHECK(limits.admit(at("10.0.0.2:1")) == Verdict::admitted);
  CHECK(limits.admit(at("10.0.0.2:2")) == Verdict::address_full);
}

TEST_CASE("a network of proxies is not limited per address") {
  ConnectionLimits limits(1, networks("10.0.0.0/8"));
  for (int i = 0; i < 5; ++i) CHECK(limits.admit(at("10.1.2.3:1")) == Verdict::admitted);
  for (int i = 0; i < 5; ++i) limits.on_closed(at("10.1.2.3:1"));
  CHECK(limits.open() == 0);
}

TEST_CASE("several threads never exceed the total between them, and end with nothing counted") {
  ConnectionLimits limits(5, {});
  limits.set_total(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const net::Address client = at("10.0.0." + std::to_string(t % 2 + 1) + ":1");
      int held = 0;
      for (int i = 0; i < 20'000; ++i) {
        if (i % 3 != 2) {
          if (limits.admit(client) == Verdict::admitted) ++held;
        } else if (held > 0) {
          limits.on_closed(client);
          --held;
        }
      }
      for (; held > 0; --held) limits.on_closed(client);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(limits.open() == 0);
  for (int i = 0; i < 5; ++i) CHECK(limits.admit(at("10.0.0.1:1")) == Verdict::admitted);
}

TEST_CASE("room is asked of everybody who can make some") {
  struct Maker final : ConnectionLimits::RoomMaker {
    void make_room() override { ++asked; }
    int asked = 0;
  };
  ConnectionLimits limits(0, {});
  Maker a;
  Maker b;
  limits.add(a);
  limits.add(b);
  limits.ask_for_room();
  limits.remove(a);
  limits.ask_for_room();
  CHECK(a.asked == 1);
  CHECK(b.asked == 2);
}
