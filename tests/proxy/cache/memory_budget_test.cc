#include "proxy/cache/memory_budget.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using roost::BlockAccount;
using roost::BlockRef;
using roost::proxy::CacheKey;
using roost::proxy::HttpCache;
using roost::proxy::MemoryBudget;
using roost::proxy::StoredHead;

namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint32_t kBlock = 16 * 1024;
constexpr int64_t kStart = 1'700'000'000'000;

/// A cache of 16 MiB, its budget, and bodies in flight.
struct Lab {
  explicit Lab(uint64_t max_object_bytes = kMiB) : cache({16 * kMiB, max_object_bytes, 1}) {}
  std::vector<BlockRef> body_of(uint64_t bytes) {
    std::vector<BlockRef> blocks;
    for (uint64_t at = 0; at < bytes; at += kBlock) {
      blocks.push_back(BlockRef::make(kBlock, &in_flight));
      blocks.back()->set_size(kBlock);
    }
    return blocks;
  }
  bool store(int index, const std::vector<BlockRef>& body) {
    CacheKey key;
    REQUIRE(key.assign_url("http://h/" + std::to_string(index)));
    StoredHead head;
    head.times = {kStart, 0, 60'000};
    budget.settle();
    return cache.insert(key, {}, head, body);
  }
  void fill() {
    for (int i = 0; i < 40; ++i) store(i, body_of(kMiB / 2));
    REQUIRE(cache.stats().bytes > 15 * kMiB);
    REQUIRE(in_flight.bytes() == 0);
  }

  BlockAccount in_flight;
  HttpCache cache;
  MemoryBudget budget{cache, in_flight};
};

}  // namespace

TEST_CASE("bodies in flight have half of the cache, and not a byte more") {
  Lab lab;
  CHECK(lab.budget.most_in_flight_bytes() == 8 * kMiB);
  CHECK(lab.budget.admit(8 * kMiB));
  CHECK_FALSE(lab.budget.admit(8 * kMiB + 1));
  const auto held = lab.body_of(7 * kMiB);
  CHECK(lab.budget.in_flight_bytes() > 7 * kMiB);
  const uint64_t left = 8 * kMiB - lab.budget.in_flight_bytes();
  CHECK(lab.budget.admit(left));
  CHECK_FALSE(lab.budget.admit(left + 1));
  CHECK_FALSE(lab.budget.would_admit(left + 1));
}

TEST_CASE("or one object of the largest size") {
  Lab lab(12 * kMiB);
  CHECK(lab.budget.most_in_flight_bytes() == 12 * kMiB);
}

TEST_CASE("the store gives way to what is in flight, and takes the room back") {
  Lab lab;
  lab.fill();
  {
    const auto held = lab.body_of(6 * kMiB);
    CHECK(lab.budget.would_admit(kMiB));
    CHECK(lab.cache.stats().bytes > 15 * kMiB);  // asking moves nothing
    CHECK(lab.budget.admit(kMiB));
    CHECK(lab.cache.stats().bytes + lab.budget.in_flight_bytes() + kMiB <= 16 * kMiB);
    for (int i = 100; i < 140; ++i) lab.store(i, lab.body_of(kMiB / 2));
    CHECK(lab.cache.stats().bytes + lab.budget.in_flight_bytes() <= 16 * kMiB);
  }
  for (int i = 200; i < 240; ++i) lab.store(i, lab.body_of(kMiB / 2));
  CHECK(lab.cache.stats().bytes > 15 * kMiB);
}

TEST_CASE("what is stored is not in flight, what has left the store and is still sent is") {
  Lab lab;
  auto body = lab.body_of(kMiB / 2);
  REQUIRE(lab.store(1, body));
  CHECK(lab.budget.in_flight_bytes() == 0);
  lab.cache.clear();
  CHECK(lab.budget.in_flight_bytes() > kMiB / 2);
  REQUIRE(lab.store(1, body));  // again, as when it was validated
  CHECK(lab.budget.in_flight_bytes() == 0);
  REQUIRE(lab.store(1, body));
  CHECK(lab.budget.in_flight_bytes() == 0);
  body.clear();
  lab.cache.clear();
  CHECK(lab.budget.in_flight_bytes() == 0);
}

TEST_CASE("a part is kept for the store, however much is held in flight") {
  Lab lab(kMiB / 4);
  const auto held = lab.body_of(40 * kMiB);
  CHECK_FALSE(lab.budget.admit(1));
  for (int i = 0; i < 40; ++i) lab.store(i, lab.body_of(kMiB / 8));
  CHECK(lab.cache.stats().bytes > kMiB);
  CHECK(lab.cache.stats().bytes <= 2 * kMiB);
}
