#include "batcher/adoption.h"

#include <doctest/doctest.h>

#include "batcher/journal/recovery.h"
#include "tests/batcher/sim_disk.h"
#include "tests/batcher/sim_sink.h"

namespace roost::batcher {
namespace {

const JournalId kOwn{9, 9};
const JournalId kOrphan{1, 2};
const StoreId kStoreA{10, 11};
const StoreId kStoreB{20, 21};

struct AdoptionFixture {
  SimDisk disk{1};
  SimProcessDisk process{disk, 1};
  SimProcessDisk dead{disk, 2};
  SimDatabase database{1};
  SimSink sink{database};
  ManualClock clock;
  Options options;
  JournalPaths paths{"root"};
  std::string reported;
  std::unique_ptr<Adoption> adoption;

  AdoptionFixture() {
    options.directory = "root";
    options.max_batch_keys = 2;
    options.segment_bytes = 4096;
    options.max_waiting = 20;
    options.random = [] { return uint64_t{0}; };
    options.report = [this](std::string_view what) { reported += what; };
    REQUIRE(process.create_directory("root"));
    REQUIRE(process.sync_directory("."));
    adoption = std::make_unique<Adoption>(options, process, clock, sink, kOwn);
  }
  /// A journal with `state` whose owner is gone.
  void leave(const JournalState& state, const std::optional<StoreId>& store = {}) {
    auto journal = Journal::create(dead, paths, kOrphan, JournalLimits{4096, 1 << 20, 500, 500}, 0);
    REQUIRE(journal);
    if (store) (*journal)->tie_to(*store);
    REQUIRE((*journal)->begin_segment(state, 0));
  }
  void run(int steps = 50) {
    for (int i = 0; i < steps; ++i) {
      clock.advance_ms(100);
      adoption->step();
    }
  }
  size_t journals() { return disk.find("root")->entries.size(); }
};

}  // namespace

TEST_CASE_FIXTURE(AdoptionFixture, "an orphan is drained under its own id, forgotten and removed") {
  leave(JournalState{3, Batch{3, {{1, 1}}}, {{1, 2}, {2, 4}, {3, 8}}});
  SUBCASE("its batch in flight was applied") {
    database.applied[kOrphan] = 3;
    database.counts[1] = 1;
  }
  SUBCASE("its batch in flight was not") {
    database.applied[kOrphan] = 2;
  }
  run();
  CHECK(database.counts == std::map<int64_t, int64_t>{{1, 3}, {2, 4}, {3, 8}});
  CHECK(database.applied.empty());
  CHECK(journals() == 0);
  CHECK(adoption->adopted() == 1);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a journal whose owner lives is left alone, and so is the own one") {
  auto alive = Journal::create(dead, paths, kOrphan, JournalLimits{}, 0);
  auto own = Journal::create(process, paths, kOwn, JournalLimits{}, 0);
  REQUIRE(alive);
  REQUIRE(own);
  run();
  CHECK(journals() == 2);
  own->reset();
  run();
  CHECK(journals() == 2);
  alive->reset();
  run();
  CHECK(journals() == 1);
}

TEST_CASE_FIXTURE(AdoptionFixture, "half-made and half-removed journals are cleared away") {
  REQUIRE(dead.create_directory(paths.making({5, 5})));
  REQUIRE(dead.create_directory(paths.done({6, 6})));
  REQUIRE(dead.create(paths.done({6, 6}) + "/" + segment_name(4)));
  database.applied[{6, 6}] = 17;
  run();
  CHECK(journals() == 0);
  CHECK(database.applied.empty());
}

TEST_CASE_FIXTURE(AdoptionFixture, "one step is one journal or one batch, so that the own flush has its turn") {
  for (uint64_t number = 1; number <= 5; ++number) REQUIRE(dead.create_directory(paths.done({6, number})));
  leave(JournalState{0, std::nullopt, {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}}});
  size_t left = journals();
  uint64_t statements = 0;
  for (int step = 0; step < 40; ++step) {
    clock.advance_ms(100);
    adoption->step();
    REQUIRE(journals() + 1 >= left);
    REQUIRE(database.statements <= statements + 1);
    left = journals();
    statements = database.statements;
  }
  CHECK(left == 0);
  CHECK(statements == 3);
}

TEST_CASE_FIXTURE(AdoptionFixture, "with a sink that forgets nothing, each journal is asked about once a scan") {
  for (uint64_t number = 1; number <= 3; ++number) REQUIRE(dead.create_directory(paths.done({6, number})));
  database.refuse = 1;
  int busy_steps = 0;
  clock.advance_ms(options.adoption_interval_ms);
  while (adoption->step() <= clock.monotonic_ms()) ++busy_steps;
  CHECK(busy_steps == 3);
  CHECK(journals() == 3);
}

TEST_CASE_FIXTURE(AdoptionFixture, "other names in the directory are nobody's business") {
  REQUIRE(dead.create_directory("root/README"));
  REQUIRE(dead.create_directory(paths.in_use(kOrphan) + ".backup"));
  run();
  CHECK(journals() == 2);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a journal that names another store is kept as it is, and reported once") {
  leave(JournalState{0, std::nullopt, {{1, 9}}}, kStoreA);
  SUBCASE("the sink's store is another one") {
    adoption->set_store(kStoreB);
  }
  SUBCASE("the sink's store has no identity") {}
  run();
  run();
  CHECK(database.counts.empty());
  CHECK(adoption->foreign() == 1);
  CHECK(adoption->adopted() == 0);
  CHECK(reported.find(kStoreA.hex()) != std::string::npos);
  CHECK(reported.find(kOrphan.hex()) == reported.rfind(kOrphan.hex()));
  REQUIRE(disk.find(paths.in_use(kOrphan)));

  Adoption its_own(options, process, clock, sink, {8, 8});
  its_own.set_store(kStoreA);
  for (int i = 0; i < 50; ++i) {
    clock.advance_ms(100);
    its_own.step();
  }
  CHECK(database.counts == std::map<int64_t, int64_t>{{1, 9}});
  run();
  CHECK(adoption->foreign() == 0);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a journal of before identities is adopted, and tied to the store from then on") {
  leave(JournalState{0, std::nullopt, {{1, 9}, {2, 1}, {3, 1}}});
  adoption->set_store(kStoreA);
  bool tied = false;
  for (int i = 0; i < 50 && !tied; ++i) {
    run(1);
    if (!adoption->busy()) continue;
    const auto half = recover_journal(process, paths.in_use(kOrphan), kOrphan);
    tied = half && half->state.store == kStoreA;
  }
  CHECK(tied);
  run();
  CHECK(database.counts == std::map<int64_t, int64_t>{{1, 9}, {2, 1}, {3, 1}});
  CHECK(adoption->adopted() == 1);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a damaged journal is put aside whole, and said so") {
  leave(JournalState{0, std::nullopt, {{1, 2}}});
  disk.find(paths.in_use(kOrphan) + "/" + segment_name(2))->bytes[42] ^= 1;
  run();
  CHECK(database.counts.empty());
  REQUIRE(disk.find(paths.quarantined(kOrphan)));
  CHECK(disk.find(paths.quarantined(kOrphan))->entries.size() == 1);
  CHECK(adoption->quarantined() == 1);
  CHECK(reported.find(kOrphan.hex()) != std::string::npos);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a journal the sink contradicts is put aside, nothing is sent") {
  leave(JournalState{3, Batch{3, {{1, 1}}}, {}});
  database.applied[kOrphan] = 7;
  run();
  CHECK(database.counts.empty());
  CHECK(disk.find(paths.quarantined(kOrphan)));
}

TEST_CASE_FIXTURE(AdoptionFixture,
                  "a journal that is a copy of another moment than the sink is put aside, not taken for applied") {
  SUBCASE("the sink is later by the batch that comes next") {
    leave(JournalState{3, std::nullopt, {{1, 2}}});
    database.applied[kOrphan] = 4;
  }
  SUBCASE("the journal is later") {
    leave(JournalState{3, std::nullopt, {{1, 2}}});
    database.applied[kOrphan] = 2;
  }
  SUBCASE("the journal is later, and nothing is pending in it") {
    leave(JournalState{3, std::nullopt, {}});
  }
  run();
  CHECK(database.counts.empty());
  CHECK(adoption->adopted() == 0);
  CHECK(disk.find(paths.quarantined(kOrphan)));
  CHECK(reported.find("batch 3 was the last, but the sink says") != std::string::npos);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a journal is not compared with a sink that does not answer") {
  leave(JournalState{3, std::nullopt, {{1, 2}}});
  database.applied[kOrphan] = 3;
  database.refuse = 1;
  run();
  CHECK(adoption->busy());
  database.refuse = 0;
  run(200);
  CHECK(database.counts[1] == 2);
  CHECK(journals() == 0);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a disk that fails during a drain only puts it off") {
  leave(JournalState{0, std::nullopt, {{1, 2}, {2, 4}, {3, 8}}});
  process.sync_error = 1;
  run();
  CHECK(database.counts.empty());
  CHECK(!adoption->busy());
  process.sync_error = 0;
  run();
  CHECK(database.counts == std::map<int64_t, int64_t>{{1, 2}, {2, 4}, {3, 8}});
  CHECK(journals() == 0);
}

TEST_CASE_FIXTURE(AdoptionFixture, "a database that is away only puts it off") {
  leave(JournalState{0, std::nullopt, {{1, 2}}});
  database.refuse = 1;
  run();
  CHECK(adoption->busy());
  database.refuse = 0;
  run(200);
  CHECK(database.counts[1] == 2);
  CHECK(journals() == 0);
}

}  // namespace roost::batcher
