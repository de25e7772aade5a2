#include "batcher/journal_writer.h"

#include <doctest/doctest.h>

#include "batcher/journal/recovery.h"
#include "tests/batcher/sim_disk.h"

namespace roost::batcher {
namespace {

/// A writer for a new journal on a simulated disk. Set `options`, then open().
struct JournalWriterFixture {
  static constexpr JournalId kId{1, 2};
  SimDisk disk{1};
  SimProcessDisk process{disk, 1};
  ManualClock clock;
  Options options;
  JournalState state;  ///< What a new segment begins with.
  int reports = 0;
  std::unique_ptr<JournalWriter> writer;

  JournalWriterFixture() {
    options.directory = "root";
    options.max_waiting = 20;
    options.max_batch_keys = 10;
    options.segment_bytes = 1;  // As small as the limits allow.
    options.backoff = {100, 100, 100, 100};
    options.random = [] { return uint64_t{50}; };
    options.report = [this](std::string_view) { ++reports; };
    REQUIRE(process.create_directory("root"));
    REQUIRE(process.sync_directory("."));
  }
  void open() {
    auto journal = Journal::create(process, JournalPaths{"root"}, kId, journal_limits(options), 0);
    REQUIRE(journal);
    writer = std::make_unique<JournalWriter>(options, clock, std::move(*journal), [this] { return state; });
  }
  Result<void> stage(int64_t key) {
    LikeGroup group;
    group.likes.add(key, 1);
    return writer->stage_likes(group);
  }
  JournalState after_power_loss() {
    disk.lose_power();
    auto recovered = recover_journal(process, "root/" + kId.hex(), kId);
    REQUIRE(recovered);
    return recovered->state;
  }
};

}  // namespace

TEST_CASE_FIXTURE(JournalWriterFixture, "staged groups are written and synced together") {
  open();
  const uint64_t syncs = writer->status().syncs;
  REQUIRE(stage(7));
  REQUIRE(stage(8));
  CHECK(writer->has_staged());
  REQUIRE(writer->write(true));
  CHECK(!writer->has_staged());
  CHECK(writer->status().syncs == syncs + 1);
  CHECK(!writer->upkeep().unsynced);
  CHECK(after_power_loss().open == std::vector<KeyDelta>{{7, 1}, {8, 1}});
}

TEST_CASE_FIXTURE(JournalWriterFixture, "a full segment is replaced by one that begins with the snapshot") {
  open();
  const uint64_t bytes = writer->status().bytes;
  int64_t groups = 0;
  while (true) {
    REQUIRE(groups < 1000);
    REQUIRE(stage(7));
    if (writer->status().rotations == 1) break;
    REQUIRE(writer->write(true));
    state.open = {{7, ++groups}};
  }
  CHECK(groups > 0);
  REQUIRE(writer->write(true));
  CHECK(writer->status().bytes == bytes);  // The old segment is gone.
  CHECK(after_power_loss().open == std::vector<KeyDelta>{{7, groups + 1}});
}

TEST_CASE_FIXTURE(JournalWriterFixture,
                  "a failed sync breaks the journal until a new segment works, tried again with back-off") {
  open();
  state.open = {{1, 5}};
  process.sync_error = 1;
  REQUIRE(stage(7));
  CHECK(!writer->write(true));
  CHECK(reports == 1);
  REQUIRE(writer->broken());
  CHECK(writer->upkeep().due(clock.monotonic_ms()));

  writer->repair();
  CHECK(writer->broken());
  CHECK(reports == 2);
  REQUIRE(writer->status().error);
  CHECK(writer->status().error->retryable);
  CHECK(writer->status().refuse_until_ms == clock.monotonic_ms() + 100);
  CHECK(writer->upkeep().repair_due_ms == clock.monotonic_ms() + 100);

  process.sync_error = 0;
  clock.advance_ms(99);
  const uint64_t operations = process.operations;
  writer->repair();
  CHECK(process.operations == operations);
  CHECK(!stage(7));
  clock.advance_ms(1);
  writer->repair();
  CHECK(!writer->broken());
  CHECK(!writer->status().error);
  CHECK(writer->status().rotations == 1);
  CHECK(writer->upkeep().repair_due_ms == JournalUpkeep::kNever);
  CHECK(after_power_loss() == state);
}

TEST_CASE_FIXTURE(JournalWriterFixture, "only interval mode has a sync due, counted from the last one") {
  SUBCASE("interval") {
    options.durability = Durability::interval;
    open();
    clock.advance_ms(300);
    CHECK(writer->upkeep().sync_due_ms == JournalUpkeep::kNever);
    REQUIRE(stage(7));
    REQUIRE(writer->write(true));
    clock.advance_ms(300);
    REQUIRE(stage(7));
    REQUIRE(writer->write(false));
    CHECK(writer->upkeep().unsynced);
    CHECK(writer->upkeep().sync_due_ms == clock.monotonic_ms() - 300 + options.sync_interval_ms);
    REQUIRE(writer->write(true));
    CHECK(writer->upkeep().sync_due_ms == JournalUpkeep::kNever);
  }
  SUBCASE("os") {
    options.durability = Durability::os;
    open();
    REQUIRE(stage(7));
    REQUIRE(writer->write(false));
    CHECK(writer->upkeep().unsynced);
    CHECK(writer->upkeep().sync_due_ms == JournalUpkeep::kNever);
  }
}

TEST_CASE_FIXTURE(JournalWriterFixture,
                  "on a full disk batches use up the reserve, then fail; with space there is room again") {
  open();
  process.space_error = 1;
  size_t room = SIZE_MAX;
  auto next = writer->room_for_batch();
  REQUIRE(next);
  CHECK(*next >= options.max_batch_keys);
  while (next) {
    CHECK(*next >= 1);
    CHECK(*next <= room);
    room = *next;
    writer->stage_batch({++state.last_sequence, {{1, 1}}});
    REQUIRE(writer->write(true));
    next = writer->room_for_batch();
  }
  CHECK(room < options.max_batch_keys);
  CHECK(next.error().retryable);
  process.space_error = 0;
  clock.advance_ms(100);
  next = writer->room_for_batch();
  REQUIRE(next);
  CHECK(*next >= options.max_batch_keys);
  CHECK(writer->stage_applied(state.last_sequence));
  CHECK(writer->status().rotations == 1);
}

}  // namespace roost::batcher
