#include <doctest/doctest.h>

#include "batcher/group_commit.h"
#include "batcher/like_log.h"
#include "tests/batcher/simulated_log.h"

namespace roost::batcher {
namespace {

constexpr LikeToken kA{1, 1}, kB{1, 2}, kC{2, 1};

/// A log whose likes have tokens.
struct TokensFixture : SimulatedLog {
  int accepted = 0;
  int failed = 0;

  TokensFixture() {
    options.max_batch_keys = 2;
    options.max_pending_tokens = 3;
    options.token_memory_ms = 1000;
    open();
  }
  Result<Added> once(int64_t key, const LikeToken& token) {
    return log->add_once(key, token, [this](const Result<Accepted>& result) { ++(result ? accepted : failed); });
  }
  const Batch& next_batch() {
    log->ask_for_batch(true);
    commits->step();
    REQUIRE(log->batch_state() == LikeLog::BatchState::ready);
    return log->in_flight();
  }
  JournalState after_loss_of_power() {
    disk.lose_power();
    return on_disk();
  }
};

}  // namespace

TEST_CASE_FIXTURE(TokensFixture, "a token is known once its like was acknowledged, for as long as it is remembered") {
  CHECK(once(7, kA) == Added::waiting);
  CHECK(once(7, kA) == Added::waiting);  // Not acknowledged yet, so the repeat waits too; the sink will tell.
  CHECK(accepted == 0);
  commits->step();
  CHECK(accepted == 2);
  CHECK(once(7, kA) == Added::known);
  CHECK(once(7, kB) == Added::waiting);
  CHECK(stats().repeats == 1);
  CHECK(next_batch() == Batch{1, {{7, 2}}, {{7, kA}, {7, kA}}});
  log->mark_applied();
  clock.advance_ms(999);
  CHECK(once(7, kA) == Added::known);
  clock.advance_ms(1);
  CHECK(once(7, kA) == Added::waiting);
}

TEST_CASE_FIXTURE(TokensFixture, "a token whose like failed is not known") {
  process.sync_error = 1;
  CHECK(once(7, kA) == Added::waiting);
  commits->step();
  CHECK(failed == 1);
  process.sync_error = 0;
  clock.advance_ms(100);
  commits->step();
  CHECK(once(7, kA) == Added::waiting);
  commits->step();
  CHECK(once(7, kA) == Added::known);
  CHECK(log->pending(7) == 1);
}

TEST_CASE_FIXTURE(TokensFixture, "no more tokens are pending than may; likes without one go on") {
  CHECK(once(7, kA));
  commits->step();
  CHECK(once(7, kB));  // Comes too late for the batch.
  CHECK(next_batch().tokens.size() == 1);
  CHECK(once(8, kC));
  const auto refused = once(8, {9, 9});
  REQUIRE(!refused);
  CHECK(refused.error().retryable);
  CHECK(log->add(8, 1, [](const Result<Accepted>&) {}));
  CHECK(once(7, kA) == Added::known);
  log->mark_applied();
  CHECK(once(8, {9, 9}) == Added::waiting);
}

TEST_CASE_FIXTURE(TokensFixture, "tokens survive in the journal, open and in flight, across segments") {
  CHECK(once(7, kA));
  CHECK(log->add(7, 5, [](const Result<Accepted>&) {}));
  commits->step();
  CHECK(next_batch() == Batch{1, {{7, 6}}, {{7, kA}}});
  CHECK(once(9, kC));
  CHECK(once(8, kB));
  const JournalState expected{1, Batch{1, {{7, 6}}, {{7, kA}}}, {{8, 1}, {9, 1}}, {{8, kB}, {9, kC}}};
  commits->step();
  SUBCASE("in frames of their own") {
    CHECK(after_loss_of_power() == expected);
  }
  SUBCASE("in a snapshot") {
    const uint64_t segments = stats().rotations;
    while (stats().rotations == segments) {
      CHECK(log->add(8, 1, [](const Result<Accepted>&) {}));
      commits->step();
    }
    const JournalState found = after_loss_of_power();
    CHECK(found.in_flight == expected.in_flight);
    CHECK(found.open_tokens == expected.open_tokens);
  }
}

TEST_CASE("a batch takes no more tokens than keys; likes whose token is left stay open") {
  LikeLedger ledger(FlushPolicy{10, 1000});
  ledger.add({{1, 2}, {2, 5}, {3, 1}}, 0, {{1, kA}, {2, kB}, {2, kC}, {2, kA}, {3, kC}});
  CHECK(ledger.token_count() == 5);
  auto first = ledger.select_batch(0, 3, true);
  CHECK(first == Batch{1, {{1, 2}, {2, 4}}, {{1, kA}, {2, kB}, {2, kC}}});
  ledger.add({{2, 1}}, 0, {{2, kB}});  // Came while the batch was written: stays behind those before it.
  ledger.begin_batch(*first, 0);
  CHECK(ledger.state() == JournalState{1, first, {{2, 2}, {3, 1}}, {{2, kA}, {2, kB}, {3, kC}}});
  CHECK(ledger.token_count() == 6);
  ledger.mark_applied();
  CHECK(ledger.token_count() == 3);
  CHECK(ledger.select_batch(0, 3, true) == Batch{2, {{2, 2}, {3, 1}}, {{2, kA}, {2, kB}, {3, kC}}});
}

TEST_CASE("a restored ledger goes on where the journal ended") {
  const JournalState state{4, Batch{4, {{1, 2}}, {{1, kA}}}, {{1, 1}, {2, 3}}, {{2, kB}}};
  LikeLedger ledger(FlushPolicy{10, 1000});
  ledger.restore(state, 50);
  CHECK(ledger.state() == state);
  CHECK(ledger.total_pending() == 6);
  ledger.mark_applied();
  CHECK(ledger.select_batch(50, 10, true) == Batch{5, {{1, 1}, {2, 3}}, {{2, kB}}});
}

TEST_CASE("only what could have been attached can be taken") {
  OpenTokens tokens;
  tokens.add({{1, kA}, {1, kB}, {2, kC}});
  CHECK(!OpenTokens(tokens).take({{3, kA}}));                    // Another key.
  CHECK(!OpenTokens(tokens).take({{1, kB}}));                    // Not the first of its key.
  CHECK(!OpenTokens(tokens).take({{1, kA}, {1, kB}, {1, kC}}));  // More than there are.
  CHECK(tokens.take({{1, kA}, {2, kC}}));
  CHECK(tokens.list() == std::vector<TokenedLike>{{1, kB}});
  CHECK(tokens.size() == 1);
}

TEST_CASE("the window forgets the oldest, by time and by number") {
  TokenWindow window(100, 2);
  window.add(kA, 0);
  window.add(kA, 50);  // Keeps its time.
  window.add(kB, 50);
  CHECK(window.contains(kA, 99));
  CHECK(!window.contains(kA, 100));
  window.add(kA, 100);
  window.add(kC, 101);
  CHECK(window.size() == 2);
  CHECK(!window.contains(kB, 101));
  CHECK(window.contains(kA, 101));
  CHECK(window.contains(kC, 101));
  TokenWindow none(100, 0);
  none.add(kA, 0);
  CHECK(!none.contains(kA, 0));
}

}  // namespace roost::batcher
