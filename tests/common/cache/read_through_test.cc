#include "common/cache/read_through.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::cache;

namespace {

struct Value {
  int number = 0;
  size_t bytes = 100;
  bool absent() const { return number == 0; }
  size_t memory_bytes() const { return bytes; }
};

using Use = ReadThrough::Use;
using Group = ReadThrough::Group;
template <class T>
using Done = ReadThrough::Done<T>;
constexpr Group kList = 1, kOther = ReadThrough::kMaxGroup;

struct ReadThroughFixture {
  ManualClock clock;
  ReadThrough cache{{.limit_bytes = 64 * 1024, .ttl_ms = 60'000, .negative_ttl_ms = 5'000, .max_waiting = 100}, clock};
  std::vector<Done<Value>> loads;           // started, in order
  std::vector<Result<Reading<Value>>> got;  // answers, in order

  void get(const std::string& key, Use use = Use::cached, Group group = ReadThrough::kNoGroup) {
    cache.get<Value>(
        key, group, use, [this](Done<Value> done) { loads.push_back(std::move(done)); },
        [this](Result<Reading<Value>> reading) { got.push_back(std::move(reading)); });
  }
  void finish(size_t load, int number) { loads[load](Value{number}); }
  int number(size_t answer) const { return (*got.at(answer)).value->number; }
};

}  // namespace

TEST_CASE("one load per key, however many ask") {
  ReadThroughFixture f;
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
  ReadThroughFixture f;
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
  ReadThroughFixture f;
  f.get("a");
  f.finish(0, 0);
  f.clock.advance_ms(4'999);
  REQUIRE(f.cache.find<Value>("a"));
  CHECK(f.cache.find<Value>("a")->value->absent());
  f.clock.advance_ms(1);
  CHECK_FALSE(f.cache.find<Value>("a"));
}

TEST_CASE("a load that began before a write is neither kept nor shown to who asks after") {
  ReadThroughFixture f;
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
  ReadThroughFixture f;
  f.get("a");
  f.finish(0, 7);
  f.cache.invalidate("a");
  CHECK_FALSE(f.cache.find<Value>("a"));
}

TEST_CASE("a group is dropped together, the rest stays") {
  ReadThroughFixture f;
  f.get("list/1", Use::cached, kList);
  f.get("list/2", Use::cached, kList);
  f.get("single");
  f.get("other", Use::cached, kOther);
  f.finish(0, 1);
  f.finish(2, 3);
  f.finish(3, 4);
  f.cache.invalidate_group(kList);
  f.finish(1, 2);  // its load began before
  CHECK_FALSE(f.cache.find<Value>("list/1"));
  CHECK_FALSE(f.cache.find<Value>("list/2"));
  CHECK(f.cache.find<Value>("single"));
  CHECK(f.cache.find<Value>("other"));
  f.get("list/1", Use::cached, kList);
  f.cache.invalidate_group(kList);
  f.get("list/1", Use::cached, kList);
  REQUIRE(f.loads.size() == 6);
  f.finish(5, 9);
  f.finish(4, 8);
  CHECK(f.cache.find<Value>("list/1")->value->number == 9);
}

TEST_CASE("a bypass neither takes what is there nor joins, and its result is kept") {
  ReadThroughFixture f;
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
  ReadThroughFixture f;
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
  ReadThroughFixture f;
  for (size_t i = 0; i < 100; ++i) f.get("a");
  CHECK(f.got.empty());
  f.get("a");
  REQUIRE(f.got.size() == 1);
  CHECK(f.got[0].error().retryable);
  f.finish(0, 1);
  CHECK(f.got.size() == 100 + 1);
  CHECK(f.cache.stats().refusals == 1);
  CHECK(f.cache.stats().waiting == 0);
  f.get("b");
  CHECK(f.loads.size() == 2);
}

TEST_CASE("bytes are bounded") {
  ReadThroughFixture f;
  for (int i = 0; i < 1000; ++i) {
    f.get("key-" + std::to_string(i));
    f.loads.back()(Value{1, 1000});
  }
  CHECK(f.cache.stats().bytes <= 64 * 1024);
  CHECK(f.cache.stats().entries > 30);
}

TEST_CASE("an answer may ask again") {
  ReadThroughFixture f;
  f.cache.get<Value>(
      "a", ReadThrough::kNoGroup, Use::cached, [&](Done<Value> done) { f.loads.push_back(std::move(done)); },
      [&](Result<Reading<Value>>) { f.get("a"); });
  f.finish(0, 5);
  REQUIRE(f.got.size() == 1);
  CHECK(f.number(0) == 5);
}

TEST_CASE("an entry may hold a sixteenth of the limit; what is larger is handed out and not kept") {
  ReadThroughFixture f;
  f.get("large");
  f.loads[0](Value{1, 4096});
  CHECK(f.number(0) == 1);
  CHECK_FALSE(f.cache.find<Value>("large"));
  f.get("fits");
  f.loads[1](Value{2, 3072});
  CHECK(f.cache.find<Value>("fits"));
}

TEST_CASE("what is too old goes before what is fresh") {
  ReadThroughFixture f;
  f.get("old");
  f.loads.back()(Value{1, 3000});
  f.clock.advance_ms(60'000);
  for (int i = 0; i < 20; ++i) {
    f.get("fresh-" + std::to_string(i));
    f.loads.back()(Value{1, 3000});
  }
  CHECK(f.cache.stats().expirations == 1);
  CHECK(f.cache.stats().evictions == 0);
  f.get("one more");
  f.loads.back()(Value{1, 3000});
  CHECK(f.cache.stats().evictions == 1);
}

TEST_CASE("the books: every read is one of hit, miss, join, bypass and refusal") {
  ReadThroughFixture f;
  f.get("a");
  f.get("a");
  f.clock.advance_ms(700);
  f.finish(0, 0);
  f.clock.advance_ms(2'000);
  f.get("a");
  f.get("b");
  CHECK(f.cache.stats().loading == 1);
  CHECK(f.cache.stats().waiting == 1);
  f.loads[1](fail("gone", Side::internal, true));
  f.get("b", Use::bypass);
  f.finish(2, 3);
  const ReadThrough::Stats stats = f.cache.stats();
  CHECK(stats.hits == 1);
  CHECK(stats.negative_hits == 1);
  CHECK(stats.hit_age_ms == 2'700);
  CHECK(stats.oldest_hit_ms == 2'700);
  CHECK(stats.misses == 2);
  CHECK(stats.joins == 1);
  CHECK(stats.bypasses == 1);
  CHECK(stats.failures == 1);
  CHECK(stats.entries == 2);
  CHECK(stats.loading == 0);
  CHECK(stats.waiting == 0);
}
