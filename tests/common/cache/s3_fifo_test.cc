#include "common/cache/s3_fifo.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/common/cache/test_entry.h"

using namespace roost::cache;

namespace {

// Entries of charge 100, so that a policy of 1000 holds ten, one of them in small.
constexpr uint64_t kCharge = 100;

struct S3FifoFixture {
  S3Fifo policy{1000};
  std::vector<Ref<TestEntry>> entries;

  Entry& add(const std::string& key) {
    entries.push_back(TestEntry::make(key, kCharge - Entry::kIndexBytes));
    policy.insert(*entries.back());
    return *entries.back();
  }
  std::string evict() {
    Entry* entry = policy.evict();
    return entry == nullptr ? "" : std::string(entry->key());
  }
  ~S3FifoFixture() {
    while (policy.evict() != nullptr) {
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(S3FifoFixture, "entries nobody asked for leave in the order they came") {
  add("a");
  add("b");
  add("c");
  CHECK_EQ(policy.bytes(), 300);
  CHECK_EQ(policy.entries(), 3);
  CHECK_EQ(evict(), "a");
  CHECK_EQ(evict(), "b");
  CHECK_EQ(evict(), "c");
  CHECK_EQ(evict(), "");
  CHECK_EQ(policy.bytes(), 0);
  CHECK_EQ(policy.entries(), 0);
}

TEST_CASE_FIXTURE(S3FifoFixture, "one hit does not carry an entry to main, two do") {
  Entry& once = add("once");
  Entry& twice = add("twice");
  policy.hit(once);
  policy.hit(twice);
  policy.hit(twice);
  add("a");
  add("b");
  CHECK_EQ(evict(), "once");
  CHECK_EQ(evict(), "a");
  CHECK_EQ(evict(), "b");
  CHECK_EQ(evict(), "twice");
}

TEST_CASE_FIXTURE(S3FifoFixture, "a key that comes back after it left small starts in main") {
  add("a");
  CHECK_EQ(evict(), "a");
  add("a");
  add("b");
  add("c");
  CHECK_EQ(evict(), "b");
  CHECK_EQ(evict(), "c");
  CHECK_EQ(evict(), "a");
}

TEST_CASE_FIXTURE(S3FifoFixture, "each hit in main buys one more round, three at most") {
  auto add_to_main = [this](const std::string& key) -> Entry& {
    add(key);
    REQUIRE_EQ(evict(), key);
    return add(key);
  };
  Entry& a = add_to_main("a");
  for (int i = 0; i < 100; ++i) policy.hit(a);
  for (int round = 0; round < S3Fifo::kMaxHits; ++round) {
    const std::string other = "b" + std::to_string(round);
    add_to_main(other);
    CHECK_EQ(evict(), other);
  }
  add_to_main("c");
  CHECK_EQ(evict(), "a");
}

TEST_CASE_FIXTURE(S3FifoFixture, "a scan of keys asked for once does not wash out what is in main") {
  for (int i = 0; i < 9; ++i) {
    Entry& hot = add("hot" + std::to_string(i));
    policy.hit(hot);
    policy.hit(hot);
  }
  for (int i = 0; i < 1000; ++i) {
    add("scan" + std::to_string(i));
    if (policy.bytes() > 1000) CHECK_EQ(evict().substr(0, 4), "scan");
  }
}

TEST_CASE_FIXTURE(S3FifoFixture, "an entry removed for another reason is remembered if it had earned its place") {
  Entry& popular = add("popular");
  policy.hit(popular);
  policy.hit(popular);
  policy.remove(popular);
  policy.remove(add("unknown"));
  CHECK_EQ(policy.entries(), 0);
  add("popular");
  add("unknown");
  CHECK_EQ(evict(), "unknown");
  CHECK_EQ(evict(), "popular");
}

TEST_CASE_FIXTURE(S3FifoFixture, "a replacement keeps the standing of what it replaces") {
  Entry& old = add("k");
  policy.hit(old);
  policy.hit(old);
  const S3Fifo::Standing standing = policy.release(old);
  CHECK_EQ(policy.entries(), 0);
  entries.push_back(TestEntry::make("k", kCharge - Entry::kIndexBytes));
  policy.insert(*entries.back(), standing);
  add("other");
  CHECK_EQ(evict(), "other");
  CHECK_EQ(evict(), "k");
}
