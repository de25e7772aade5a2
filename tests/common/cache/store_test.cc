#include "common/cache/store.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/common/cache/test_entry.h"

using namespace roost::cache;

namespace {

constexpr uint64_t kEntryCharge = 1024;

Ref<TestEntry> entry_of(const std::string& key, int64_t expires_at_ms = kNeverExpires, int value = 0) {
  return TestEntry::make(key, kEntryCharge - Entry::kIndexBytes, expires_at_ms, value);
}
Ref<TestEntry> find(Store<TestEntry>& store, const std::string& key, int64_t now_ms = 0) {
  return store.find(key, hash_key(key), now_ms);
}
std::string key_of(int i) {
  return "/tweets/" + std::to_string(i);
}

}  // namespace

TEST_CASE("what was inserted is found under its key only") {
  Store<TestEntry> store({.limit_bytes = 1 << 20});
  CHECK_FALSE(find(store, "a"));
  CHECK(store.insert(entry_of("a", kNeverExpires, 1), 0));
  CHECK_EQ(find(store, "a")->value(), 1);
  CHECK_EQ(find(store, "a")->key(), "a");
  CHECK_FALSE(find(store, "b"));
  CHECK_FALSE(store.find("b", hash_key("a"), 0));  // the hash alone does not make a hit
  const StoreStats stats = store.stats();
  CHECK_EQ(stats.hits, 2);
  CHECK_EQ(stats.misses, 3);
  CHECK_EQ(stats.insertions, 1);
  CHECK_EQ(stats.entries, 1);
  CHECK_EQ(stats.bytes, kEntryCharge);
}

TEST_CASE("keys of one hash live side by side") {
  Store<TestEntry> store({.limit_bytes = 1 << 20});
  for (int i = 0; i < 10; ++i) store.insert(TestEntry::make_hashed(key_of(i), 42, 0, kNeverExpires, i), 0);
  for (int i = 0; i < 10; ++i) CHECK_EQ(store.find(key_of(i), 42, 0)->value(), i);
  CHECK(store.erase(key_of(5), 42));
  CHECK_FALSE(store.erase(key_of(5), 42));
  CHECK_FALSE(store.find(key_of(5), 42, 0));
  CHECK_EQ(store.stats().entries, 9);
}

TEST_CASE("a replaced entry lives on for who holds it") {
  {
    Store<TestEntry> store({.limit_bytes = 1 << 20});
    store.insert(entry_of("a", kNeverExpires, 1), 0);
    Ref<TestEntry> held = find(store, "a");
    CHECK(store.insert(entry_of("a", kNeverExpires, 2), 0));
    CHECK_EQ(held->value(), 1);
    CHECK_EQ(find(store, "a")->value(), 2);
    CHECK_FALSE(store.erase(*held));  // it has been replaced
    CHECK(store.erase(*find(store, "a")));
    CHECK_EQ(TestEntry::alive(), 1);
    CHECK_EQ(store.stats().replacements, 1);
    CHECK_EQ(store.stats().bytes, 0);
    store.insert(entry_of("b"), 0);
  }
  CHECK_EQ(TestEntry::alive(), 0);
}

TEST_CASE("an entry is found until it expires") {
  Store<TestEntry> store({.limit_bytes = 1 << 20});
  store.insert(entry_of("a", 1000), 0);
  CHECK(find(store, "a", 999));
  CHECK(store.peek("a", hash_key("a"), 999));
  CHECK_FALSE(find(store, "a", 1000));
  CHECK_EQ(store.stats().expirations, 1);
  CHECK_EQ(store.stats().entries, 0);
  CHECK_EQ(store.stats().hits, 1);
  CHECK_FALSE(store.insert(entry_of("late", 1000), 1000));
  CHECK_EQ(store.stats().refusals, 1);
}

TEST_CASE("the limit holds, and expired entries make room first") {
  Store<TestEntry> store({.limit_bytes = 64 * kEntryCharge, .shards = 1});
  for (int i = 0; i < 64; ++i) store.insert(entry_of(key_of(i), i % 2 == 0 ? 100 : 10'000), 0);
  CHECK_EQ(store.stats().bytes, 64 * kEntryCharge);
  for (int i = 64; i < 96; ++i) store.insert(entry_of(key_of(i), 10'000), 200);
  CHECK_EQ(store.stats().expirations, 32);
  CHECK_EQ(store.stats().evictions, 0);
  for (int i = 1; i < 64; i += 2) CHECK(store.peek(key_of(i), hash_key(key_of(i)), 200));
  for (int i = 96; i < 200; ++i) {
    store.insert(entry_of(key_of(i), 10'000), 200);
    REQUIRE(store.stats().bytes <= store.limit_bytes());
  }
  CHECK_EQ(store.stats().evictions, 104);
  CHECK_EQ(store.stats().entries, 64);
}

TEST_CASE("what is too large is refused, and takes its older self along") {
  Store<TestEntry> store({.limit_bytes = 64 * kEntryCharge, .max_entry_bytes = 4 * kEntryCharge, .shards = 4});
  CHECK_EQ(store.shard_count(), 4);
  store.insert(entry_of("a"), 0);
  CHECK(store.insert(TestEntry::make("max", 4 * kEntryCharge - Entry::kIndexBytes), 0));
  CHECK_FALSE(store.insert(TestEntry::make("a", 4 * kEntryCharge), 0));
  CHECK_FALSE(find(store, "a"));
  CHECK_EQ(store.stats().refusals, 1);
}

TEST_CASE("a large newcomer is never its own victim") {
  Store<TestEntry> store({.limit_bytes = 64 * kEntryCharge, .max_entry_bytes = 16 * kEntryCharge, .shards = 1});
  for (int i = 0; i < 100; ++i) {
    store.insert(entry_of(key_of(i)), 0);
    find(store, key_of(i));
    find(store, key_of(i));
  }
  REQUIRE(store.insert(TestEntry::make("large", 15 * kEntryCharge), 0));
  CHECK(find(store, "large"));
  CHECK_LE(store.stats().bytes, store.limit_bytes());
}

TEST_CASE("there are only as many shards as hold the largest entries") {
  CHECK_EQ(Store<TestEntry>({.limit_bytes = 64 << 20, .max_entry_bytes = 1 << 20}).shard_count(), 16);
  CHECK_EQ(Store<TestEntry>({.limit_bytes = 64 << 20, .max_entry_bytes = 8 << 20}).shard_count(), 2);
  CHECK_EQ(Store<TestEntry>({.limit_bytes = 64 << 20, .max_entry_bytes = 64 << 20}).shard_count(), 1);
  CHECK_EQ(Store<TestEntry>({.limit_bytes = 1 << 30, .max_entry_bytes = 1, .shards = 1000}).shard_count(),
           StoreCore::kMaxShards);
  CHECK_EQ(Store<TestEntry>({.limit_bytes = 1 << 20, .max_entry_bytes = 8 << 20}).max_entry_bytes(), 1 << 20);
}

TEST_CASE("a sweep sees every entry once, though the store grows meanwhile") {
  Store<TestEntry> store({.limit_bytes = 1 << 30, .shards = 8});
  for (int i = 0; i < 1000; ++i) store.insert(entry_of(key_of(i)), 0);
  std::multiset<std::string> seen;
  SweepPosition position;
  int steps = 0;
  auto step = [&](const TestEntry& entry) {
    if (entry.value() == 0) seen.insert(std::string(entry.key()));
    return entry.key().back() == '7';
  };
  while (store.sweep(position, 50, step)) {
    ++steps;
    for (int i = 0; i < 100; ++i) store.insert(entry_of("new" + key_of(steps * 100 + i) + "x", kNeverExpires, 1), 0);
  }
  CHECK_GT(steps, 15);
  CHECK_EQ(seen.size(), 1000);
  CHECK_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 1000);
  CHECK_EQ(store.stats().erasures, 100);
  CHECK_FALSE(find(store, key_of(17)));
  CHECK(find(store, key_of(18)));
}

TEST_CASE("expired entries can be dropped a few at a time, and all can be cleared") {
  Store<TestEntry> store({.limit_bytes = 1 << 20, .shards = 1});
  for (int i = 0; i < 100; ++i) store.insert(entry_of(key_of(i), 10 + i), 0);
  CHECK_EQ(store.drop_expired(59, 30), 30);
  CHECK_EQ(store.drop_expired(59, 30), 20);
  CHECK_EQ(store.stats().entries, 50);
  store.clear();
  CHECK_EQ(store.stats().entries, 0);
  CHECK_EQ(store.stats().bytes, 0);
  CHECK_EQ(TestEntry::alive(), 0);
}

TEST_CASE("many threads insert, find, erase and sweep at once") {
  {
    Store<TestEntry> store({.limit_bytes = 256 * kEntryCharge, .max_entry_bytes = 2 * kEntryCharge, .shards = 4});
    auto work = [&store](unsigned seed) {
      uint64_t state = seed;
      for (int i = 0; i < 20'000; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        const int number = static_cast<int>((state >> 33) % 600);
        const std::string key = key_of(number);
        if (Ref<TestEntry> hit = find(store, key, i)) {
          if (hit->value() != number || hit->key() != key) std::abort();
          if (i % 50 == 0) store.erase(*hit);
        } else {
          store.insert(entry_of(key, i + 5000, number), i);
        }
        if (i % 5000 == 0) {
          SweepPosition position;
          while (store.sweep(position, 20, [](TestEntry& entry) { return entry.value() % 10 == 0; })) {
          }
        }
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i <= 4; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
    const StoreStats stats = store.stats();
    CHECK_EQ(stats.hits + stats.misses, 80'000);
    CHECK_LE(stats.bytes, store.limit_bytes());
    CHECK_EQ(stats.entries, TestEntry::alive());
  }
  CHECK_EQ(TestEntry::alive(), 0);
}

TEST_CASE("what is set aside of the limit is not used for entries") {
  Store<TestEntry> store({.limit_bytes = 100 * kEntryCharge, .max_entry_bytes = 10 * kEntryCharge, .shards = 1});
  for (int i = 0; i < 100; ++i) store.insert(entry_of(key_of(i)), 0);
  CHECK_EQ(store.stats().bytes, 100 * kEntryCharge);
  store.set_aside(60 * kEntryCharge);
  CHECK_EQ(store.stats().bytes, 40 * kEntryCharge);  // at once
  CHECK_EQ(store.stats().evictions, 60);
  for (int i = 100; i < 200; ++i) store.insert(entry_of(key_of(i)), 0);
  CHECK_EQ(store.stats().bytes, 40 * kEntryCharge);
  SUBCASE("and is used again when it is given back") {
    store.set_aside(0);
    for (int i = 200; i < 300; ++i) store.insert(entry_of(key_of(i)), 0);
    CHECK_EQ(store.stats().bytes, 100 * kEntryCharge);
  }
  SUBCASE("an entry larger than what is left is refused, and the one of its key dropped") {
    store.set_aside(99 * kEntryCharge);
    CHECK(store.insert(entry_of("a"), 0));
    CHECK_FALSE(store.insert(TestEntry::make("a", 2 * kEntryCharge, kNeverExpires, 0), 0));
    CHECK_FALSE(find(store, "a"));
  }
  SUBCASE("all of it, and more than there is") {
    store.set_aside(1'000 * kEntryCharge);
    CHECK_EQ(store.stats().entries, 0);
    CHECK_FALSE(store.insert(entry_of("a"), 0));
  }
}

TEST_CASE("what is set aside is divided among the shards") {
  Store<TestEntry> store({.limit_bytes = 64 * kEntryCharge, .max_entry_bytes = kEntryCharge, .shards = 16});
  REQUIRE_EQ(store.shard_count(), 16);
  for (int i = 0; i < 1'000; ++i) store.insert(entry_of(key_of(i)), 0);
  CHECK_EQ(store.stats().bytes, 64 * kEntryCharge);
  store.set_aside(32 * kEntryCharge);
  CHECK_EQ(store.stats().bytes, 32 * kEntryCharge);
}
