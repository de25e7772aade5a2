#pragma once

#include <memory>

#include <doctest/doctest.h>

#include "batcher/group_commit.h"
#include "batcher/journal/recovery.h"
#include "batcher/like_log.h"
#include "tests/batcher/sim_disk.h"

namespace roost::batcher {

/// A log on a simulated disk, alone there. Set `options`, then open().
struct SimulatedLog {
  SimDisk disk{1};
  SimProcessDisk process{disk, 1};
  ManualClock clock;
  Options options;
  std::unique_ptr<LikeLog> log;
  std::unique_ptr<GroupCommit> commits;
  int wakes = 0;

  SimulatedLog() {
    options.directory = "root";
    options.max_waiting = 20;
    options.segment_bytes = 1;  // As small as the limits allow.
    options.backoff = {100, 100};
    options.random = [] { return uint64_t{50}; };
    REQUIRE(process.create_directory("root"));
    REQUIRE(process.sync_directory("."));
  }
  void open() {
    auto journal = Journal::create(process, JournalPaths{"root"}, {1, 2}, journal_limits(options), 0);
    REQUIRE(journal);
    log = std::make_unique<LikeLog>(options, clock, (*journal)->id());
    commits = std::make_unique<GroupCommit>(options, clock, std::move(*journal), *log, [this] { ++wakes; });
  }
  JournalState on_disk() {
    auto recovered = recover_journal(process, "root/" + log->id().hex(), log->id());
    REQUIRE(recovered);
    return recovered->state;
  }
  Stats stats() const {
    Stats stats;
    log->fill_stats(stats);
    return stats;
  }
};

}  // namespace roost::batcher
