#include <map>
#include <random>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "batcher/adoption.h"
#include "batcher/group_commit.h"
#include "batcher/like_log.h"
#include "batcher/own_flush.h"
#include "tests/batcher/sim_disk.h"
#include "tests/batcher/sim_sink.h"

namespace roost::batcher {
namespace {

/// Goes through all ways to choose, one after the other, but no more than `most`; where there are more, the second half
/// of them is drawn at random.
class EveryChoice final : public PowerChoices {
 public:
  static constexpr size_t kTears[] = {8, 40, 272};  ///< Within a header, behind it, within a payload.

  EveryChoice(uint64_t seed, size_t most) : random_(seed), most_(most) {}

  uint64_t pick(uint64_t count) override {
    if (sampling_) return random_() % count;
    if (depth_ == path_.size()) path_.push_back({0, count});
    return path_[depth_++].choice;
  }
  size_t tear() override { return kTears[pick(std::size(kTears))]; }

  /// Goes on to the next way; false when all, or enough of them, have been gone.
  bool next() {
    ++ways_;
    if (sampling_) return ways_ < most_;
    while (!path_.empty() && path_.back().choice + 1 == path_.back().count) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().choice;
    depth_ = 0;
    sampling_ = ways_ >= most_ / 2;
    return true;
  }
  bool exhaustive() const { return !sampling_; }

 private:
  struct Node {
    uint64_t choice;
    uint64_t count;
  };
  std::mt19937_64 random_;
  const size_t most_;
  std::vector<Node> path_;
  size_t depth_ = 0;
  size_t ways_ = 0;
  bool sampling_ = false;
};

Options small_options(Durability durability) {
  Options options;
  options.directory = "journals";
  options.policy = {3, 500};
  options.max_batch_keys = 40;
  options.durability = durability;
  options.sync_interval_ms = 100;
  options.max_waiting = 64;
  options.batch_spacing_ms = 25;
  options.segment_bytes = 1;  // As small as the limits allow.
  options.adoption_interval_ms = 50;
  options.backoff = {2, 20};
  options.random = [] { return uint64_t{0}; };
  return options;
}

/// A database that loses the answer of some attempts, which came through or did not.
class ForgetfulSink final : public Sink {
 public:
  ForgetfulSink(SimDatabase& database, std::function<void()> before_call)
      : database_(database), before_call_(std::move(before_call)) {}
  bool lose_next = false;
  bool drop_next = false;

  Outcome apply(const JournalId& journal, const Batch& batch) override {
    before_call_();
    if (std::exchange(drop_next, false)) return Outcome::unknown;
    const Outcome outcome = database_.apply(journal, batch);
    return std::exchange(lose_next, false) ? Outcome::unknown : outcome;
  }
  Result<uint64_t> applied_seq(const JournalId& journal) override {
    before_call_();
    return database_.applied_seq(journal);
  }
  Result<void> forget(const JournalId& journal) override {
    before_call_();
    return database_.forget(journal);
  }

 private:
  SimDatabase& database_;
  std::function<void()> before_call_;
};

/// A batcher's parts on one simulated disk, without its threads.
struct Worker {
  Options options;
  ManualClock& clock;
  SimProcessDisk process;
  ForgetfulSink sink;
  std::unique_ptr<LikeLog> log;
  std::unique_ptr<GroupCommit> commits;
  std::unique_ptr<OwnFlush> flush;
  std::unique_ptr<Adoption> adoption;

  Worker(SimDisk& disk, SimDatabase& database, ManualClock& the_clock, Durability durability, uint64_t number,
         std::function<void()> cut)
      : options(small_options(durability)), clock(the_clock), process(disk, number), sink(database, cut) {
    process.before_operation = std::move(cut);
    (void)process.create_directory("journals");
    (void)process.sync_directory(".");
    auto journal = Journal::create(process, JournalPaths{"journals"}, {number, 0}, journal_limits(options), 0);
    REQUIRE(journal);
    log = std::make_unique<LikeLog>(options, clock, (*journal)->id());
    commits = std::make_unique<GroupCommit>(options, clock, std::move(*journal), *log, [] {});
    flush = std::make_unique<OwnFlush>(options, *log, sink, clock);
    adoption = std::make_unique<Adoption>(options, process, clock, sink, JournalId{number, 0});
  }
  /// What happens when nobody likes anything for `ms`.
  void rest(int64_t ms) {
    for (int64_t i = 0; i < ms; i += 10) {
      while (commits->step()) {
      }
      flush->step();
      adoption->step();
      clock.advance_ms(10);
    }
  }
  /// As Batcher::close() ends when everything was sent.
  void end() {
    REQUIRE(log->drained());
    REQUIRE(commits->journal().mark_done());
    REQUIRE(sink.forget(log->id()));
    const JournalPaths paths{"journals"};
    REQUIRE(remove_journal(process, paths, paths.done(log->id())));
  }
};

/// Gives a loss of power at `disk` every outcome it may have, up to `most`, and calls `look` with each. Whether these
/// were all.
bool for_every_outcome(const SimDisk& disk, uint64_t seed, size_t most, const std::function<void(SimDisk)>& look) {
  EveryChoice choices(seed, most);
  do {
    SimDisk left = disk.clone();
    left.lose_power(choices);
    look(std::move(left));
  } while (choices.next());
  return choices.exhaustive();
}

/// One fixed story on one disk, stopped before each operation of the disk and each call of the database: there it is
/// recovered from everything a loss of power at that moment may leave. Where a process was merely killed, the recovery
/// is stopped at each of its own operations in the same way, and recovered from in turn (in durable mode).
class Story {
 public:
  /// Looks at no more than `most_outcomes` of each cut.
  Story(Durability durability, size_t most_outcomes) : durability_(durability), most_outcomes_(most_outcomes) {}
  void tell();
  size_t cuts = 0;
  size_t exhaustive = 0;
  size_t recoveries = 0;

 private:
  void like(Worker& worker, int64_t key, int64_t delta);
  void like_once(Worker& worker, int64_t key, uint64_t token);
  void first_life(Worker& worker);
  void second_life(Worker& worker);
  void cut();
  void cut_recovery(const SimDisk& disk, const SimDatabase& database);
  void recover(SimDisk& disk, SimDatabase database, bool power_lost, bool cutting);
  std::string trouble(const SimDatabase& database, bool power_lost) const;

  const Durability durability_;
  const size_t most_outcomes_;
  SimDisk disk_{1};
  SimDatabase database_{1};
  ManualClock clock_;
  std::map<int64_t, int64_t> attempted_;
  std::map<int64_t, int64_t> acknowledged_;
  std::set<uint64_t> attempted_tokens_;
  std::set<uint64_t> acknowledged_tokens_;
};

/// The second time under the same token it is a repeat.
void Story::like_once(Worker& worker, int64_t key, uint64_t token) {
  if (attempted_tokens_.insert(token).second) ++attempted_[key];
  const auto added = worker.log->add_once(key, {token, token}, [this, key, token](const Result<Accepted>& result) {
    if (result && acknowledged_tokens_.insert(token).second) ++acknowledged_[key];
  });
  REQUIRE(added);
  if (*added == Added::known) CHECK(acknowledged_tokens_.contains(token));
}

void Story::like(Worker& worker, int64_t key, int64_t delta) {
  attempted_[key] += delta;
  REQUIRE(worker.log->add(key, delta, [this, key, delta](const Result<Accepted>& result) {
    if (result) acknowledged_[key] += delta;
  }));
}

void Story::first_life(Worker& worker) {
  for (int64_t key = 0; key < 9; ++key) {  // Groups, and a batch that is answered.
    like(worker, key % 4, 1 + key % 2);
    if (key % 4 == 3) worker.rest(20);
  }
  worker.sink.lose_next = true;  // One whose answer is lost, and one that is lost itself.
  for (int64_t key = 0; key < 4; ++key) like(worker, key, 4);
  for (const uint64_t token : {1, 2, 1}) like_once(worker, 3, token);
  worker.rest(60);
  worker.sink.drop_next = true;
  for (int64_t key = 10; key < 14; ++key) like(worker, key, 5);
  worker.rest(60);
  constexpr int64_t kLong = int64_t{1} << 62;  // Written as nine bytes, so that a group crosses several sectors.
  for (int64_t key = 0; key < 60; ++key) like(worker, kLong + key, 1);
  worker.commits->step();
  for (const uint64_t old = worker.commits->journal().bytes(); worker.commits->journal().bytes() == old;) {
    if (worker.commits->journal().room_for_likes() < 40) break;
    like(worker, 20, 1);
    worker.commits->step();
  }
  like(worker, 20, 1);  // Into the next segment.
  worker.commits->step();
  like(worker, 1, 5);
  like_once(worker, 30, 3);
  worker.commits->step();
  worker.log->ask_for_batch(true);
  worker.commits->step();  // A batch that nobody sends before the end.
  like(worker, 2, 1);
  like_once(worker, 30, 4);
  worker.commits->step();
}

/// Sends its own, adopts what the first left, drains and removes it, and ends well.
void Story::second_life(Worker& worker) {
  like(worker, 1, 7);
  for (const uint64_t token : {3, 4, 5}) like_once(worker, 30, token);  // Two of which the other has yet to send.
  like_once(worker, 3, 1);
  worker.sink.lose_next = true;
  worker.rest(900);
  CHECK(worker.adoption->adopted() == 1);
  worker.end();
}

void Story::tell() {
  const auto cutting = [this] { cut(); };
  auto first = std::make_unique<Worker>(disk_, database_, clock_, durability_, 1, cutting);
  first_life(*first);
  first->process.dead = true;
  disk_.release_locks(1);
  first.reset();
  Worker second(disk_, database_, clock_, durability_, 2, cutting);
  second_life(second);
  cut();
}

void Story::cut() {
  CAPTURE(cuts);
  const auto look = [this](SimDisk left) { recover(left, database_, true, false); };
  exhaustive += for_every_outcome(disk_, cuts, most_outcomes_, look) ? 1 : 0;
  SimDisk killed = disk_.clone();
  killed.release_locks(1);
  killed.release_locks(2);
  recover(killed, database_, false, durability_ == Durability::durable);
  ++cuts;
}

void Story::cut_recovery(const SimDisk& disk, const SimDatabase& database) {
  const auto look = [&](SimDisk left) { recover(left, database, true, false); };
  for_every_outcome(disk, cuts, 4, look);
}

/// A new batcher drains what is on `disk`.
void Story::recover(SimDisk& disk, SimDatabase database, bool power_lost, bool cutting) {
  ++recoveries;
  ManualClock clock;  // Another boot, another monotonic clock.
  SimProcessDisk process(disk, 1000);
  (void)process.create_directory("journals");
  const auto cut_here = [&] {
    if (cutting) cut_recovery(disk, database);
  };
  process.before_operation = cut_here;
  ForgetfulSink sink(database, cut_here);
  Options options = small_options(durability_);
  Adoption adoption(options, process, clock, sink, {99, 99});
  for (int quiet = 0, steps = 0; quiet < 3; ++steps) {  // Three scans that found nothing.
    clock.advance_ms(options.adoption_interval_ms);
    const size_t before = disk.find("journals")->entries.size();
    adoption.step();
    quiet = adoption.busy() || disk.find("journals")->entries.size() != before ? 0 : quiet + 1;
    REQUIRE(steps < 500);
  }
  CHECK(adoption.quarantined() == 0);
  CHECK(disk.find("journals")->entries.empty());
  REQUIRE(trouble(database, power_lost) == "");
}

std::string Story::trouble(const SimDatabase& database, bool power_lost) const {
  if (database.impossible > 0) return "one sequence, two contents";
  if (!database.applied.empty()) return "journals not forgotten";
  const bool may_lose = power_lost && durability_ != Durability::durable;
  for (const auto& [key, attempted] : attempted_) {
    const auto stored_at = database.counts.find(key);
    const int64_t stored = stored_at == database.counts.end() ? 0 : stored_at->second;
    const auto at = acknowledged_.find(key);
    const int64_t acknowledged = at == acknowledged_.end() || may_lose ? 0 : at->second;
    if (stored < acknowledged || stored > attempted) {
      return fmt::format("key {}: {} acknowledged, {} attempted, {} stored", key, acknowledged, attempted, stored);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("power may go before every operation of the disk and every call of the database") {
  const auto tell = [](Durability durability, size_t most_outcomes) {
    Story story(durability, most_outcomes);
    story.tell();
    MESSAGE(story.cuts << " cuts, " << story.exhaustive << " of them with everything that may be left, "
                       << story.recoveries << " recoveries");
    CHECK(story.cuts > 130);
    CHECK(story.exhaustive > 60);
  };
  SUBCASE("durable") {
    tell(Durability::durable, 200);
  }
  SUBCASE("interval") {
    tell(Durability::interval, 50);
  }
  SUBCASE("os") {
    tell(Durability::os, 50);
  }
}

}  // namespace roost::batcher
