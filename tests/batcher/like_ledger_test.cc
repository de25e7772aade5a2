#include "batcher/like_ledger.h"

#include <doctest/doctest.h>

namespace roost::batcher {
namespace {

using Pairs = std::vector<KeyDelta>;

/// Makes the next batch and puts it in flight.
Batch begin(LikeLedger& ledger, int64_t now_ms, size_t max_keys = 100, bool all = false) {
  auto batch = ledger.select_batch(now_ms, max_keys, all);
  REQUIRE(batch);
  ledger.begin_batch(*batch, now_ms);
  return *batch;
}

}  // namespace

TEST_CASE("only keys that are due go into a batch, sorted") {
  LikeLedger ledger(FlushPolicy{10, 1000});
  ledger.add({{9, 11}, {4, 3}}, 0);
  ledger.add({{2, 50}, {8, 10}}, 500);
  CHECK(ledger.has_due(500));
  CHECK(begin(ledger, 500) == Batch{1, {{2, 50}, {9, 11}}});
  CHECK(!ledger.select_batch(5000, 100, true));  // One at a time.
  ledger.mark_applied();
  CHECK(!ledger.has_due(999));
  CHECK(!ledger.select_batch(999, 100, false));
  CHECK(ledger.has_due(1000));
  CHECK(begin(ledger, 1000) == Batch{2, {{4, 3}}});
  ledger.mark_applied();
  CHECK(begin(ledger, 1000, 100, true) == Batch{3, {{8, 10}}});
  ledger.mark_applied();
  CHECK(ledger.total_pending() == 0);
  CHECK(ledger.key_count() == 0);
  CHECK(!ledger.oldest_ms());
}

TEST_CASE("a batch takes no more keys than it may; the rest stays due") {
  LikeLedger ledger(FlushPolicy{0, 1000});
  for (int64_t key = 0; key < 10; ++key) ledger.add({{key, 1}}, key);
  CHECK(begin(ledger, 10, 4).deltas.size() == 4);
  ledger.mark_applied();
  CHECK(begin(ledger, 10, 4).deltas.size() == 4);
  ledger.mark_applied();
  CHECK(begin(ledger, 10, 4).deltas.size() == 2);
}

TEST_CASE("likes that come while their key is in flight wait for the next batch, their age counted anew") {
  LikeLedger ledger(FlushPolicy{10, 1000});
  ledger.add({{1, 11}}, 0);
  const auto batch = ledger.select_batch(0, 100, false);
  ledger.add({{1, 2}}, 10);  // In the same group as the batch's own frame.
  ledger.begin_batch(*batch, 10);
  CHECK(ledger.pending(1) == 13);
  ledger.mark_applied();
  CHECK(ledger.pending(1) == 2);
  CHECK(!ledger.has_due(1009));
  CHECK(ledger.has_due(1010));
}

TEST_CASE("count and applied sequence, read together, give a sum that never moves by a flush") {
  LikeLedger ledger(FlushPolicy{0, 1000});
  int64_t stored = 0;
  uint64_t applied = 0;
  int64_t accepted = 0;
  for (int i = 1; i <= 20; ++i) {
    ledger.add({{7, i}, {8, 1}}, i);
    accepted += i;
    const int64_t stored_before = stored;
    const uint64_t applied_before = applied;
    const Batch batch = begin(ledger, i);
    CHECK(stored + ledger.pending_after(7, applied) == accepted);
    stored += batch.deltas[0].delta;  // The sink has committed; nobody here knows yet.
    applied = batch.sequence;
    CHECK(stored + ledger.pending_after(7, applied) == accepted);
    CHECK(stored_before + ledger.pending_after(7, applied_before) == accepted);
    ledger.mark_applied();
    CHECK(stored + ledger.pending_after(7, applied) == accepted);
    CHECK(stored_before + ledger.pending_after(7, applied_before) == accepted);
    CHECK(ledger.pending(7) == 0);
  }
  // Older than what is remembered: too low, never too high.
  CHECK(ledger.pending_after(8, 0) == static_cast<int64_t>(LikeLedger::kRemembered));
}

TEST_CASE("a snapshot of the ledger says all there is") {
  LikeLedger ledger(FlushPolicy{10, 1000});
  ledger.add({{9, 11}, {4, 3}, {2, 1}}, 0);
  begin(ledger, 0);
  CHECK(ledger.state() == JournalState{1, Batch{1, {{9, 11}}}, {{2, 1}, {4, 3}}});
}

}  // namespace roost::batcher
