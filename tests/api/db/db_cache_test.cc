#include "api/db/db_cache.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

struct Value {
  int number = 0;
  size_t bytes = 100;
  bool absent() const { return number == 0; }
  size_t memory_bytes() const { return bytes; }
};

using Use = DbCache::Use;
using Group = DbCache::Group;

struct Fixture {
  ManualClock clock;
  DbCache cache{{.limit_bytes = 64 * 1024, .ttl_ms = 60'000, .negative_ttl_ms = 5'000}, clock};
  std::vector<Done<Value>> loads;           // started, in order
  std::vector<Result<Reading<Value>>> got;  // answers, in order

  void get(const std::string& key, Use use = Use::cached, Group group = Group::single) {
    cache.get<Value>(
        key, group, use, [this](Done<Value> done) { loads.push_back(std::move(done)); },
        [this](Result<Reading<Value>> reading) { got.push_back(std::move(reading)); });
  }
  void finish(size_t load, int number) { loads[load](Value{number}); }
  int number(size_t answer) const { return (*got.at(answer)).value->number; }
};

}  // namespace

TEST_CASE("one load per key, however many ask") {
  Fixture f;
  f.get("a");
  f.get("a");
  f.get("b");
  CHECK(f.loads.size() == 2);
  CHECK(f.got.empty());
  f.finish(0, 7);
  REQUIRE(f.got.size() == 2);
  CHECK(f.number(1) == 7);
  f.get("a");
  CHECK(f.got.size() == 3);
  CHECK(f.loads.size() == 2);
  CHECK(f.cache.find<Value>("a")->value->number == 7);
  CHECK_FALSE(f.cache.find<Value>("b"));
}

TEST_CASE("an entry lives for its time, counted from the load's beginning") {
  Fixture f;
  f.get("a");
  const int64_t began = f.clock.monotonic_ms();
  f.clock.advance_ms(1'000);
  f.finish(0, 7);
  CHECK((*f.got[0]).loaded_at_ms == began);
  f.clock.advance_ms(58'999);
  CHECK(f.cache.find<Value>("a"));
  f.clock.advance_ms(1);
  CHECK_FALSE(f.cache.find<Value>("a"));
}

TEST_CASE("nothing there is remembered for a shorter time") {
  Fixture f;
  f.get("a");
  f.finish(0, 0);
  f.clock.advance_ms(4'999);
  REQUIRE(f.cache.find<Value>("a"));
  CHECK(f.cache.find<Value>("a")->value->absent());
  f.clock.advance_ms(1);
  CHECK_FALSE(f.cache.find<Value>("a"));
}

TEST_CASE("a load that began before a write is neither kept nor shown to who asks after") {
  Fixture f;
  f.get("a");
  f.cache.invalidate("a");
  f.get("a");
  CHECK(f.loads.size() == 2);
  f.finish(1, 8);  // the new one comes first
  f.finish(0, 7);
  CHECK(f.number(0) == 8);
  CHECK(f.number(1) == 7);  // who asked before the write may see the world before it
  CHECK(f.cache.find<Value>("a")->value->number == 8);
  CHECK(f.cache.stats().void_leases == 1);
}

TEST_CASE("a write drops what is there") {
  Fixture f;
  f.get("a");
  f.finish(0, 7);
  f.cache.invalidate("a");
  CHECK_FALSE(f.cache.find<Value>("a"));
}

TEST_CASE("lists are dropped together, single entries stay") {
  Fixture f;
  f.get("list/1", Use::cached, Group::list);
  f.get("list/2", Use::cached, Group::list);
  f.get("single");
  f.finish(0, 1);
  f.finish(2, 3);
  f.cache.invalidate_lists();
  f.finish(1, 2);  // its load began before
  CHECK_FALSE(f.cache.find<Value>("list/1"));
  CHECK_FALSE(f.cache.find<Value>("list/2"));
  CHECK(f.cache.find<Value>("single"));
  f.get("list/1", Use::cached, Group::list);
  f.cache.invalidate_lists();
  f.get("list/1", Use::cached, Group::list);
  CHECK(f.loads.size() == 5);
  f.finish(4, 9);
  f.finish(3, 8);
  CHECK(f.cache.find<Value>("list/1")->value->number == 9);
}

TEST_CASE("a bypass neither takes what is there nor joins, and its result is kept") {
  Fixture f;
  f.get("a");
  f.finish(0, 7);
  f.get("a", Use::bypass);
  CHECK(f.loads.size() == 2);
  f.get("a", Use::bypass);
  CHECK(f.loads.size() == 3);
  f.finish(2, 9);
  f.finish(1, 8);
  CHECK(f.cache.find<Value>("a")->value->number == 9);
  CHECK(f.cache.stats().bypasses == 2);
}

TEST_CASE("an error goes to everybody and is not kept") {
  Fixture f;
  f.get("a");
  f.get("a");
  f.loads[0](fail("gone", Side::internal, true));
  REQUIRE(f.got.size() == 2);
  CHECK_FALSE(f.got[0]);
  CHECK(f.got[1].error().retryable);
  f.get("a");
  CHECK(f.loads.size() == 2);
}

TEST_CASE("those who wait are bounded") {
  Fixture f;
  for (size_t i = 0; i < DbCache::kMaxWaiting; ++i) f.get("a");
  CHECK(f.got.empty());
  f.get("a");
  REQUIRE(f.got.size() == 1);
  CHECK(f.got[0].error().retryable);
  f.finish(0, 1);
  CHECK(f.got.size() == DbCache::kMaxWaiting + 1);
  f.get("b");
  CHECK(f.loads.size() == 2);
}

TEST_CASE("bytes are bounded") {
  Fixture f;
  for (int i = 0; i < 1000; ++i) {
    f.get("key-" + std::to_string(i));
    f.loads.back()(Value{1, 1000});
  }
  CHECK(f.cache.stats().bytes <= 64 * 1024);
  CHECK(f.cache.stats().entries > 30);
}

TEST_CASE("an answer may ask again") {
  Fixture f;
  f.cache.get<Value>(
      "a", Group::single, Use::cached, [&](Done<Value> done) { f.loads.push_back(std::move(done)); },
      [&](Result<Reading<Value>>) { f.get("a"); });
  f.finish(0, 5);
  REQUIRE(f.got.size() == 1);
  CHECK(f.number(0) == 5);
}
