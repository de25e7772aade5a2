#include "batcher/like_log.h"

#include <cerrno>

#include <doctest/doctest.h>

#include "tests/batcher/simulated_log.h"

namespace roost::batcher {
namespace {

struct LikeLogFixture : SimulatedLog {
  std::vector<int64_t> accepted;  ///< `pending` of each like acknowledged.
  int failed = 0;

  LikeLogFixture() {
    options.max_batch_keys = 10;
    options.max_pending_keys = 12;
    options.max_journal_bytes = 1 << 20;
  }
  Result<void> add(int64_t key, int64_t delta = 1) {
    return log->add(key, delta, [this](const Result<Accepted>& result) {
      if (result) {
        accepted.push_back(result->pending);
      } else {
        CHECK(result.error().retryable);
        ++failed;
      }
    });
  }
  void refused(const Result<void>& result) {
    REQUIRE(!result);
    CHECK(result.error().retryable);
  }
};

}  // namespace

TEST_CASE_FIXTURE(LikeLogFixture, "likes of one group fold into one record and are answered in one delivery") {
  int deliveries = 0;
  options.deliver = [&](Answers answers) {
    ++deliveries;
    answers.run();
  };
  open();
  for (int i = 0; i < 5; ++i) REQUIRE(add(7));
  REQUIRE(add(8, 3));
  CHECK(accepted.empty());
  CHECK(log->pending(7) == 0);
  REQUIRE(commits->step());
  CHECK(!commits->step());
  CHECK(deliveries == 1);
  CHECK(accepted == std::vector<int64_t>{5, 5, 5, 5, 5, 3});
  CHECK(log->pending(7) == 5);
  CHECK(stats().groups == 1);
  CHECK(stats().syncs == 2);  // The first segment's, and the group's.
  disk.lose_power();
  CHECK(on_disk().open == std::vector<KeyDelta>{{7, 5}, {8, 3}});
}

TEST_CASE_FIXTURE(LikeLogFixture, "while answers are under way likes gather, and a batch takes them along") {
  std::vector<Answers> under_way;
  options.deliver = [&](Answers answers) { under_way.push_back(std::move(answers)); };
  open();
  REQUIRE(add(1));
  REQUIRE(commits->step());
  REQUIRE(add(2));
  CHECK(!commits->step());
  under_way[0].run();
  CHECK(accepted == std::vector<int64_t>{1});
  CHECK(commits->step());

  REQUIRE(add(3));
  CHECK(!commits->step());
  log->ask_for_batch(true);
  CHECK(commits->step());
  CHECK(log->pending(3) == 1);
  REQUIRE(add(4));
  under_way[1].run();
  CHECK(!commits->step());  // The third group's answers are still to be run.
  under_way.pop_back();     // Dropped will do.
  CHECK(commits->step());
}

TEST_CASE_FIXTURE(LikeLogFixture, "at the end likes wait for no answers, and answers may outlive the log") {
  std::vector<Answers> under_way;
  options.deliver = [&](Answers answers) { under_way.push_back(std::move(answers)); };
  open();
  REQUIRE(add(1));
  REQUIRE(commits->step());
  REQUIRE(add(2));
  log->stop_accepting();
  CHECK(commits->step());
  CHECK(under_way.size() == 2);
  commits.reset();
  log.reset();
  for (Answers& answers : under_way) answers.run();
  CHECK(accepted == std::vector<int64_t>{1, 1});
}

TEST_CASE_FIXTURE(LikeLogFixture, "a refused like leaves its callback with the caller") {
  open();
  log->stop_accepting();
  bool called = false;
  Done done = [&](const Result<Accepted>&) { called = true; };
  refused(log->add(1, 1, std::move(done)));
  REQUIRE(done);
  done(Accepted{});
  CHECK(called);
}

TEST_CASE_FIXTURE(LikeLogFixture, "no more likes wait than may") {
  open();
  for (size_t i = 0; i < options.max_waiting; ++i) REQUIRE(add(1));
  refused(add(1));
  commits->step();
  CHECK(add(1));
  CHECK(stats().refused == 1);
}

TEST_CASE_FIXTURE(LikeLogFixture, "no more keys are pending than may, but known keys go on") {
  open();
  for (int64_t key = 0; key < 6; ++key) REQUIRE(add(key));
  commits->step();
  for (int64_t key = 6; key < 12; ++key) REQUIRE(add(key));
  refused(add(12));
  CHECK(add(0));
  CHECK(add(11));
  commits->step();
  refused(add(12));
  log->ask_for_batch(true);
  commits->step();
  refused(add(12));
  log->mark_applied();
  CHECK(add(12));
}

TEST_CASE_FIXTURE(LikeLogFixture, "a batch is durable before it is ready, in every mode") {
  SUBCASE("durable") {
    options.durability = Durability::durable;
  }
  SUBCASE("interval") {
    options.durability = Durability::interval;
  }
  SUBCASE("os") {
    options.durability = Durability::os;
  }
  open();
  for (int i = 0; i < 11; ++i) REQUIRE(add(7));
  CHECK(!log->has_due(false));
  commits->step();
  CHECK(wakes == 1);
  REQUIRE(log->has_due(false));
  log->ask_for_batch(false);
  CHECK(log->batch_state() == LikeLog::BatchState::asked);
  commits->step();
  CHECK(wakes == 2);
  REQUIRE(log->batch_state() == LikeLog::BatchState::ready);
  CHECK(log->in_flight() == Batch{1, {{7, 11}}});
  CHECK(log->pending(7) == 11);
  disk.lose_power();
  CHECK(on_disk() == JournalState{1, Batch{1, {{7, 11}}}, {}});
  log->mark_applied();
  CHECK(log->pending(7) == 0);
  CHECK(stats().statements_saved == 10);
}

TEST_CASE_FIXTURE(LikeLogFixture, "interval mode syncs when its time has come") {
  options.durability = Durability::interval;
  open();
  REQUIRE(add(1));
  commits->step();
  CHECK(accepted.size() == 1);
  const uint64_t syncs = stats().syncs;
  CHECK(!commits->step());
  clock.advance_ms(options.sync_interval_ms);
  CHECK(commits->step());
  CHECK(stats().syncs == syncs + 1);
  CHECK(!commits->step());
  disk.lose_power();
  CHECK(on_disk().open.size() == 1);
}

TEST_CASE_FIXTURE(LikeLogFixture, "a failing disk fails what was not acknowledged and loses nothing that was") {
  open();
  REQUIRE(add(1, 2));
  commits->step();
  process.sync_error = 1;
  REQUIRE(add(1, 100));
  commits->step();
  CHECK(failed == 1);
  CHECK(log->pending(1) == 2);
  CHECK(!stats().accepting);
  refused(add(1));
  clock.advance_ms(100);
  REQUIRE(add(1, 100));  // Tried again after the back-off.
  commits->step();
  CHECK(failed == 2);
  process.sync_error = 0;
  clock.advance_ms(100);
  CHECK(commits->step());  // Mends itself without a like to drive it.
  CHECK(stats().accepting);
  CHECK(add(1, 1));
  commits->step();
  CHECK(log->pending(1) == 3);
  disk.lose_power();
  CHECK(on_disk().open == std::vector<KeyDelta>{{1, 3}});
}

TEST_CASE_FIXTURE(LikeLogFixture, "a batch whose frame fails is none, and can be asked for again") {
  open();
  REQUIRE(add(1, 11));
  commits->step();
  process.sync_error = 1;
  log->ask_for_batch(false);
  commits->step();
  CHECK(log->batch_state() == LikeLog::BatchState::failed);
  CHECK(log->batch_state() == LikeLog::BatchState::none);
  CHECK(log->pending(1) == 11);
  process.sync_error = 0;
  clock.advance_ms(100);
  log->ask_for_batch(false);
  commits->step();
  REQUIRE(log->batch_state() == LikeLog::BatchState::ready);
  CHECK(log->in_flight() == Batch{1, {{1, 11}}});
}

TEST_CASE_FIXTURE(LikeLogFixture, "with a full disk likes are refused and batches still go out") {
  open();
  process.space_error = 1;
  int acknowledged = 0;
  while (failed == 0) {
    REQUIRE(add(acknowledged % 5));
    commits->step();
    ++acknowledged;
    REQUIRE(acknowledged < 10'000);
  }
  --acknowledged;
  CHECK(acknowledged > 5);
  refused(add(1));
  log->ask_for_batch(true);
  commits->step();
  REQUIRE(log->batch_state() == LikeLog::BatchState::ready);
  CHECK(stats().pending == acknowledged);
  log->mark_applied();
  CHECK(stats().pending == 0);
  process.space_error = 0;
  clock.advance_ms(100);
  REQUIRE(add(1));
  commits->step();
  CHECK(failed == 1);
  CHECK(log->pending(1) == 1);
}

TEST_CASE_FIXTURE(LikeLogFixture,
                  "a journal at its limit refuses likes and takes them again when batches have made room") {
  options.max_pending_keys = 1'000'000;
  options.max_batch_keys = 500;
  const JournalLimits limits = journal_limits(options);
  options.max_journal_bytes = 3 * (limits.group_bytes + 2 * limits.reserve_bytes + 4096);
  open();
  int64_t key = 0;
  while (failed == 0) {
    REQUIRE(key < 1'000'000);
    REQUIRE(add(++key * 1'000'000'000));
    commits->step();
    clock.advance_ms(100);
    CHECK(stats().journal_bytes <= options.max_journal_bytes);
  }
  CHECK(stats().pending == key - 1);  // All that were acknowledged.
  CHECK(on_disk().open.size() == static_cast<size_t>(key - 1));
  for (int64_t sent = 0; sent < key - 1; sent += 500) {
    log->ask_for_batch(true);
    commits->step();
    clock.advance_ms(100);
    REQUIRE(log->batch_state() == LikeLog::BatchState::ready);
    log->mark_applied();
  }
  CHECK(stats().pending == 0);
  REQUIRE(add(1));
  commits->step();
  CHECK(failed == 1);
  CHECK(log->pending(1) == 1);
}

TEST_CASE_FIXTURE(LikeLogFixture, "segments change without losing count") {
  open();
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(add(i % 3));
    commits->step();
  }
  CHECK(stats().rotations > 3);
  CHECK(stats().journal_bytes < 3 * 4096);
  disk.lose_power();
  CHECK(on_disk().open == std::vector<KeyDelta>{{0, 667}, {1, 667}, {2, 666}});
}

}  // namespace roost::batcher
