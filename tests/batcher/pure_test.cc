#include <doctest/doctest.h>

#include "batcher/flush_policy.h"
#include "batcher/journal/journal_id.h"
#include "batcher/key_counts.h"

namespace roost::batcher {

TEST_CASE("a key is due with more than ten pending, or when the oldest has waited a minute") {
  const FlushPolicy policy;
  CHECK(!policy.is_due(10, 0, 59'999));
  CHECK(policy.is_due(11, 0, 0));
  CHECK(policy.is_due(1, 0, 60'000));
  CHECK(!policy.is_due(0, 0, 60'000));
  CHECK(policy.due_at_ms(500) == 60'500);
  const FlushPolicy eager{0, 1000};
  CHECK(eager.is_due(1, 0, 0));
}

TEST_CASE("a journal's name is 32 hexadecimal digits") {
  const JournalId id{0x0123456789abcdef, 0xfedcba9876543210};
  CHECK(id.hex() == "0123456789abcdeffedcba9876543210");
  CHECK(JournalId::parse(id.hex()) == id);
  CHECK(!JournalId::parse(""));
  CHECK(!JournalId::parse("0123456789abcdeffedcba987654321"));
  CHECK(!JournalId::parse("0123456789ABCDEFfedcba9876543210"));
  CHECK(!JournalId::parse("0123456789abcdeffedcba9876543210.new"));
}

TEST_CASE("key counts fold by key, and forget all when cleared") {
  KeyCounts counts;
  for (const int64_t keys : {5, 1000, 3, 100'000, 1}) {
    CHECK(counts.empty());
    for (int round = 0; round < 2; ++round) {
      for (int64_t key = 0; key < keys; ++key) counts.add(key * 7919 - 5, key + 1);
    }
    REQUIRE(counts.size() == static_cast<size_t>(keys));
    for (int64_t key = 0; key < keys; ++key) {
      const KeyDelta& pair = counts.pairs()[static_cast<size_t>(key)];
      REQUIRE(pair == KeyDelta{key * 7919 - 5, 2 * (key + 1)});
    }
    CHECK(counts.contains(-5));
    CHECK(!counts.contains(-6));
    counts.clear();
    CHECK(!counts.contains(-5));
  }
}

}  // namespace roost::batcher
