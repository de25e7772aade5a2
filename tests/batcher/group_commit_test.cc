#include "batcher/group_commit.h"

#include <cerrno>

#include <doctest/doctest.h>

#include "tests/batcher/simulated_log.h"

namespace roost::batcher {
namespace {

struct GroupCommitFixture : SimulatedLog {
  int accepted = 0;
  int failed = 0;

  GroupCommitFixture() { options.max_batch_keys = 10; }
  void add(int64_t key, int64_t delta = 1) {
    REQUIRE(log->add(key, delta, [this](const Result<Accepted>& result) { ++(result ? accepted : failed); }));
  }
  JournalState after_power_loss() {
    disk.lose_power();
    return on_disk();
  }
};

}  // namespace

TEST_CASE_FIXTURE(GroupCommitFixture, "a step without work touches nothing") {
  open();
  const uint64_t operations = process.operations;
  CHECK(!commits->step());
  CHECK(process.operations == operations);
  CHECK(wakes == 0);
}

TEST_CASE_FIXTURE(GroupCommitFixture,
                  "a group and the batch asked for share one sync; the batch has earlier likes only") {
  open();
  add(7, 11);
  REQUIRE(commits->step());
  const uint64_t syncs = stats().syncs;
  wakes = 0;
  add(7, 3);
  log->ask_for_batch(true);
  REQUIRE(commits->step());
  CHECK(stats().syncs == syncs + 1);
  CHECK(wakes == 1);
  CHECK(accepted == 2);
  CHECK(after_power_loss() == JournalState{1, Batch{1, {{7, 11}}}, {{7, 3}}});
}

TEST_CASE_FIXTURE(GroupCommitFixture,
                  "a batch asked for when nothing is due is none, and the sink thread is woken all the same") {
  open();
  log->ask_for_batch(false);
  const uint64_t syncs = stats().syncs;
  REQUIRE(commits->step());
  CHECK(log->batch_state() == LikeLog::BatchState::none);
  CHECK(wakes == 1);
  CHECK(stats().syncs == syncs);
}

TEST_CASE_FIXTURE(GroupCommitFixture, "that a batch was applied is written with the next group") {
  open();
  add(7);
  REQUIRE(commits->step());
  log->ask_for_batch(true);
  REQUIRE(commits->step());
  log->mark_applied();
  CHECK(!commits->step());
  CHECK(on_disk().in_flight == Batch{1, {{7, 1}}});
  add(8);
  REQUIRE(commits->step());
  CHECK(after_power_loss() == JournalState{1, std::nullopt, {{8, 1}}});
}

TEST_CASE_FIXTURE(GroupCommitFixture,
                  "a failed write fails the group and the batch; the same step begins a new segment") {
  open();
  add(7, 2);
  REQUIRE(commits->step());
  process.write_error = 1;
  process.before_operation = [this, left = 1]() mutable {
    if (left-- == 0) process.write_error = 0;  // Only the first write fails.
  };
  add(8);
  log->ask_for_batch(true);
  REQUIRE(commits->step());
  CHECK(accepted == 1);
  CHECK(failed == 1);
  CHECK(log->batch_state() == LikeLog::BatchState::failed);
  CHECK(stats().rotations == 1);
  CHECK(stats().accepting);
  CHECK(after_power_loss() == JournalState{0, std::nullopt, {{7, 2}}});
}

TEST_CASE_FIXTURE(GroupCommitFixture, "stopping ends the wait, and the last step syncs in every mode") {
  options.durability = Durability::os;
  open();
  add(7);
  commits->wait();  // Work is there.
  REQUIRE(commits->step());
  CHECK(accepted == 1);
  const uint64_t syncs = stats().syncs;
  CHECK(!commits->step());
  log->stop_commits();
  commits->wait();
  CHECK(commits->step());
  CHECK(stats().syncs == syncs + 1);
  CHECK(!commits->step());
  CHECK(after_power_loss().open == std::vector<KeyDelta>{{7, 1}});
}

TEST_CASE_FIXTURE(GroupCommitFixture, "the journal stays locked until it is released") {
  open();
  SimProcessDisk other{disk, 2};
  const std::string directory = "root/" + log->id().hex();
  const auto refused = other.lock_directory(directory);
  REQUIRE(!refused);
  CHECK(refused.error().code == EWOULDBLOCK);
  commits->release_journal();
  CHECK(other.lock_directory(directory));
}

}  // namespace roost::batcher
