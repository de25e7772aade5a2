#include "common/cache/expiry_heap.h"

#include <algorithm>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "tests/common/cache/test_entry.h"

using namespace roost::cache;

TEST_CASE("entries come out by the time they expire, wherever others were taken out") {
  std::mt19937 random(7);
  std::vector<Ref<TestEntry>> entries;
  ExpiryHeap heap;
  for (int i = 0; i < 500; ++i) {
    entries.push_back(TestEntry::make(std::to_string(i), 0, static_cast<int64_t>(random() % 1000)));
    heap.insert(*entries.back());
  }
  for (size_t i = 0; i < entries.size(); i += 3) heap.remove(*entries[i]);
  for (size_t i = 0; i < entries.size(); i += 3) heap.remove(*entries[i]);  // again: nothing happens
  std::vector<int64_t> expected;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i % 3 != 0) expected.push_back(entries[i]->expires_at_ms());
  }
  std::sort(expected.begin(), expected.end());

  std::vector<int64_t> seen;
  while (Entry* entry = heap.expired(2000)) {
    seen.push_back(entry->expires_at_ms());
    heap.remove(*entry);
  }
  CHECK_EQ(seen, expected);
  CHECK_EQ(heap.size(), 0);
}

TEST_CASE("nothing is expired before its time, and some entries never are") {
  ExpiryHeap heap;
  auto forever = TestEntry::make("forever");
  auto soon = TestEntry::make("soon", 0, 100);
  heap.insert(*forever);
  heap.insert(*soon);
  CHECK_EQ(heap.size(), 1);
  CHECK_EQ(heap.expired(99), nullptr);
  CHECK_EQ(heap.expired(100), soon.get());
  heap.remove(*forever);
  heap.remove(*soon);
  CHECK_EQ(heap.expired(1 << 30), nullptr);
}
