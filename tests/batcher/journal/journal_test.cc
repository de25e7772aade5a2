#include "batcher/journal/journal.h"

#include <cerrno>

#include <doctest/doctest.h>

#include "batcher/journal/recovery.h"
#include "tests/batcher/sim_disk.h"

namespace roost::batcher {
namespace {

const JournalId kId{1, 2};

struct JournalFixture {
  SimDisk disk{1};
  SimProcessDisk process{disk, 1};
  SimProcessDisk other{disk, 2};
  JournalPaths paths{"root"};
  JournalLimits limits{4096, 64 << 10, 200, 400};
  std::unique_ptr<Journal> journal;

  JournalFixture() {
    REQUIRE(process.create_directory("root"));
    REQUIRE(process.sync_directory("."));
    auto made = Journal::create(process, paths, kId, limits, 0);
    REQUIRE(made);
    journal = std::move(*made);
  }
  void stage(int64_t key, int64_t delta) {
    std::string payload;
    encode_likes({{key, delta}}, {}, payload);
    journal->stage(FrameType::likes, payload, 0);
  }
  JournalState recovered() {
    auto result = recover_journal(other, paths.in_use(kId), kId);
    REQUIRE(result);
    return result->state;
  }
  size_t files() { return disk.find(paths.in_use(kId))->entries.size(); }
};

}  // namespace

TEST_CASE_FIXTURE(JournalFixture, "a new journal stands under its name, locked and empty") {
  CHECK(!disk.find(paths.making(kId)));
  CHECK(recovered() == JournalState());
  const auto lock = other.lock_directory(paths.in_use(kId));
  REQUIRE(!lock);
  CHECK(lock.error().code == EWOULDBLOCK);
  journal.reset();
  CHECK(other.lock_directory(paths.in_use(kId)));
}

TEST_CASE("the directory of all journals is safe, whoever made it") {
  SimDisk disk{1};
  SimProcessDisk process{disk, 1};
  REQUIRE(process.create_directory("root"));  // Whoever made it died before the sync.
  REQUIRE(make_journal_root(process, "root"));
  disk.lose_power();
  CHECK(disk.find("root"));
  process.sync_error = 1;
  CHECK(!make_journal_root(process, "root"));
}

TEST_CASE_FIXTURE(JournalFixture, "what is synced survives a loss of power; a new journal does, too") {
  stage(1, 5);
  REQUIRE(journal->write());
  CHECK(journal->has_unsynced());
  REQUIRE(journal->sync());
  CHECK(!journal->has_unsynced());
  disk.lose_power();
  CHECK(recovered().open == std::vector<KeyDelta>{{1, 5}});
}

TEST_CASE_FIXTURE(JournalFixture, "a failed sync closes the segment for good") {
  stage(1, 5);
  REQUIRE(journal->write());
  process.sync_error = 1;
  REQUIRE(!journal->sync());
  CHECK(journal->broken());
  CHECK(journal->room_for_batch() == 0);
  CHECK(!journal->begin_segment({}, 0));
  CHECK(journal->broken());
  process.sync_error = 0;
  REQUIRE(journal->begin_segment(JournalState{0, std::nullopt, {{9, 9}}}, 0));
  CHECK(!journal->broken());
  stage(9, 1);
  REQUIRE(journal->write());
  REQUIRE(journal->sync());
  disk.lose_power();
  CHECK(recovered().open == std::vector<KeyDelta>{{9, 10}});
}

TEST_CASE_FIXTURE(JournalFixture, "a failed write closes it, too") {
  stage(1, 5);
  process.write_error = 1;
  REQUIRE(!journal->write());
  CHECK(journal->broken());
}

TEST_CASE_FIXTURE(JournalFixture, "without space for a new segment the old one goes on") {
  process.space_error = 1;
  const auto begun = journal->begin_segment({}, 0);
  REQUIRE(!begun);
  CHECK(begun.error().code == ENOSPC);
  CHECK(begun.error().retryable);
  CHECK(!journal->broken());
  stage(1, 1);
  REQUIRE(journal->write());
  CHECK(recovered().open == std::vector<KeyDelta>{{1, 1}});
}

TEST_CASE_FIXTURE(JournalFixture, "the limit counts all segments") {
  std::vector<KeyDelta> open;
  for (int64_t key = 0; key < 30'000; ++key) open.push_back({key, 1});
  const auto begun = journal->begin_segment(JournalState{0, std::nullopt, open}, 0);
  REQUIRE(!begun);
  CHECK(begun.error().code == ENOSPC);
  CHECK(!journal->broken());
  CHECK(journal->bytes() == 4096);
}

TEST_CASE_FIXTURE(JournalFixture, "a segment has room for likes up to its reserve, and for a batch up to its end") {
  CHECK(journal->room_for_batch() == journal->room_for_likes() + limits.reserve_bytes);
  while (journal->room_for_likes() > 20) stage(1, 1);
  CHECK(journal->room_for_batch() >= limits.reserve_bytes);
  const std::string payload(journal->room_for_batch(), 'x');
  journal->stage(FrameType::batch, payload, 0);
  CHECK(journal->room_for_batch() == 0);
  REQUIRE(journal->write());
  CHECK(disk.find(paths.in_use(kId) + "/" + segment_name(1))->bytes.size() == 4096);
}

TEST_CASE_FIXTURE(JournalFixture, "a new segment replaces the old ones") {
  for (int i = 0; i < 5; ++i) REQUIRE(journal->begin_segment(JournalState{0, std::nullopt, {{1, i + 1}}}, 0));
  CHECK(files() == 1);
  CHECK(journal->bytes() == 4096);
  CHECK(recovered().open == std::vector<KeyDelta>{{1, 5}});
}

TEST_CASE_FIXTURE(JournalFixture, "a journal that is done stands aside, durably, and can be removed in two halves") {
  REQUIRE(journal->mark_done());
  disk.lose_power();
  CHECK(!disk.find(paths.in_use(kId)));
  REQUIRE(disk.find(paths.done(kId)));
  REQUIRE(other.unlink(paths.done(kId) + "/" + segment_name(1)));
  REQUIRE(remove_journal(other, paths, paths.done(kId)));
  CHECK(disk.root()->entries["root"]->entries.empty());
}

}  // namespace roost::batcher
