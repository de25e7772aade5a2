#include "tests/batcher/simulation.h"

#include <fmt/format.h>

#include "batcher/adoption.h"
#include "batcher/group_commit.h"
#include "batcher/like_log.h"
#include "batcher/own_flush.h"

namespace roost::batcher {

/// One simulated process: what Batcher is made of, without its threads.
class SimWorker final : public Sink {
 public:
  SimWorker(Simulation& simulation, uint64_t process) : simulation_(simulation), disk(simulation.disk_, process) {
    options_.directory = "journals";
    options_.durability = simulation.durability_;
    options_.policy = {3, 500};
    options_.max_batch_keys = 5;
    options_.max_waiting = 40;
    options_.max_pending_tokens = 20;
    options_.max_known_tokens = 10;
    options_.token_memory_ms = 200;
    options_.batch_spacing_ms = 25;
    options_.segment_bytes = 1;  // As small as the limits allow, so that segments change often.
    options_.adoption_interval_ms = 50;
    options_.sync_interval_ms = 30;
    options_.backoff = {2, 20};
    options_.random = [this] { return simulation_.random_(); };
    disk.sync_error = simulation.disk_trouble_;
    disk.write_error = simulation.disk_trouble_ / 2;
    disk.space_error = simulation.disk_trouble_ * 2;
    disk.before_operation = [this] { simulation_.interleave(*this); };
  }

  /// False when the journal could not be made, by its own death or otherwise.
  bool start() {
    busy_commit = busy_sink = true;
    const JournalId id{simulation_.random_(), simulation_.random_()};
    std::unique_ptr<Journal> journal;
    if (make_journal_root(disk, "journals")) {
      journal =
          Journal::create(disk, JournalPaths{"journals"}, id, journal_limits(options_), simulation_.clock_.unix_ms())
              .value_or(nullptr);
    }
    busy_commit = busy_sink = false;
    if (!journal) return false;
    log = std::make_unique<LikeLog>(options_, simulation_.clock_, id);
    commits = std::make_unique<GroupCommit>(options_, simulation_.clock_, std::move(journal), *log, [] {});
    flush = std::make_unique<OwnFlush>(options_, *log, *this, simulation_.clock_);
    adoption = std::make_unique<Adoption>(options_, disk, simulation_.clock_, *this, id);
    return true;
  }

  void commit() {
    if (busy_commit || !log) return;
    busy_commit = true;
    commits->step();
    busy_commit = false;
  }
  void sink_step(bool own) {
    if (busy_sink || !log) return;
    busy_sink = true;
    if (own) {
      flush->step();
    } else {
      adoption->step();
    }
    busy_sink = false;
  }
  bool busy() const { return busy_commit || busy_sink; }

  // A process may die at both ends of a call to the database.
  Outcome apply(const JournalId& journal, const Batch& batch) override {
    if (!alive()) return Outcome::unknown;
    const Outcome outcome = simulation_.database_.apply(journal, batch);
    return alive() ? outcome : Outcome::unknown;
  }
  Result<uint64_t> applied_seq(const JournalId& journal) override {
    if (!alive()) return fail("dead");
    return simulation_.database_.applied_seq(journal);
  }
  Result<void> forget(const JournalId& journal) override {
    if (!alive()) return fail("dead");
    auto forgotten = simulation_.database_.forget(journal);
    if (!alive()) return fail("dead");
    return forgotten;
  }

 private:
  bool alive() {
    simulation_.interleave(*this);
    return !disk.dead;
  }
  Simulation& simulation_;
  Options options_;

 public:
  SimProcessDisk disk;
  bool busy_commit = false;
  bool busy_sink = false;
  std::unique_ptr<LikeLog> log;
  std::unique_ptr<GroupCommit> commits;
  std::unique_ptr<OwnFlush> flush;
  std::unique_ptr<Adoption> adoption;
  std::map<int64_t, int64_t> shown;
};

Simulation::Simulation(uint64_t seed) : random_(seed), disk_(seed ^ 0x5eed), database_(seed ^ 0xdb) {
  const uint64_t kind = pick(8);
  durability_ = kind == 0 ? Durability::interval : kind == 1 ? Durability::os : Durability::durable;
  disk_trouble_ = chance(0.5) ? 0.02 : 0;
  crash_chance_ = 0.002 + 0.006 * static_cast<double>(pick(3));
  database_.refuse = chance(0.5) ? 0.2 : 0;
  database_.lose = chance(0.7) ? 0.3 : 0;
}

Simulation::~Simulation() = default;

std::string Simulation::run() {
  const uint64_t steps = 400 + pick(800);
  for (uint64_t i = 0; i < steps && trouble_.empty(); ++i) {
    random_step();
    reap();
  }
  if (!trouble_.empty()) return trouble_;
  return settle();
}

void Simulation::random_step() {
  if (workers_.size() < 3 && (workers_.empty() || chance(0.05))) return start_worker();
  if (chance(0.3)) clock_.advance_ms(static_cast<int64_t>(pick(40)));
  step_worker(*workers_[pick(workers_.size())]);
}

void Simulation::step_worker(SimWorker& worker) {
  if (worker.disk.dead || !worker.log) return;
  switch (pick(9)) {
    case 0:
    case 1:
      return like(worker);
    case 2:
      return like_once(worker);
    case 3:
    case 4:
      return worker.commit();
    case 5:
    case 6:
      return worker.sink_step(true);
    case 7:
      return look(worker);
    default:
      return worker.sink_step(false);
  }
}

/// Between any two system calls of one thread, others run and anything may die.
void Simulation::interleave(SimWorker& running) {
  if (settling_ || depth_ >= 3) return;
  ++depth_;
  if (!workers_.empty() && chance(0.3)) step_worker(*workers_[pick(workers_.size())]);
  if (chance(crash_chance_)) kill(running);
  if (chance(crash_chance_ / 8)) lose_power();
  --depth_;
}

void Simulation::like(SimWorker& worker) {
  // Half of the likes have a key of their own, so that each can be followed to the database; half share a few.
  const int64_t key = chance(0.5) ? next_key_++ : static_cast<int64_t>(pick(3));
  const auto delta = static_cast<int64_t>(1 + pick(2));
  SimProcessDisk& disk = worker.disk;
  auto accepted = worker.log->add(key, delta, [this, &disk, key, delta](const Result<Accepted>& result) {
    if (disk.dead || !result) return;
    acknowledged_[key] += delta;
    ++events_.acknowledged_likes;
    if (result->pending < 1) trouble_ = "an accepted like is not pending";
  });
  if (accepted) attempted_[key] += delta;
}

/// Under one token a like counts once, at whichever worker and however often it is asked for.
void Simulation::like_once(SimWorker& worker) {
  if (repeated_.empty() || chance(0.4)) {
    // Of their own, since a repeat at another worker is pending there until the database says what it is.
    const int64_t key = chance(0.5) ? next_key_++ : static_cast<int64_t>(10 + pick(3));
    repeated_.push_back({key, {random_(), random_()}});
  } else {
    ++events_.repeats;
  }
  // One of the last few, or any.
  const size_t back = chance(0.8) ? pick(std::min<size_t>(repeated_.size(), 4)) : pick(repeated_.size());
  const size_t index = repeated_.size() - 1 - back;
  SimProcessDisk& disk = worker.disk;
  const auto acknowledge = [this, &disk, index] {
    Repeated& like = repeated_[index];
    if (!disk.dead && !std::exchange(like.acknowledged, true)) ++acknowledged_[like.key];
  };
  auto added =
      worker.log->add_once(repeated_[index].key, repeated_[index].token, [acknowledge](const Result<Accepted>& result) {
        if (result) acknowledge();
      });
  if (!added) return;
  if (*added == Added::known) acknowledge();
  Repeated& like = repeated_[index];
  if (!std::exchange(like.attempted, true)) ++attempted_[like.key];
}

/// What a reader of `worker` is shown of a key: the database's count and the worker's own likes after it.
void Simulation::look(SimWorker& worker) {
  const auto key = static_cast<int64_t>(pick(3));
  const auto applied = database_.applied.find(worker.log->id());
  const uint64_t sequence = applied == database_.applied.end() ? 0 : applied->second;
  const int64_t shown = database_.counts[key] + worker.log->pending_after(key, sequence);
  int64_t& last = worker.shown[key];
  if (shown < last) trouble_ = fmt::format("key {}: {} was shown, then {}", key, last, shown);
  last = shown;
}

void Simulation::kill(SimWorker& worker) {
  if (worker.disk.dead) return;
  ++events_.kills;
  worker.disk.dead = true;
  disk_.release_locks(worker.disk.process());
}

void Simulation::lose_power() {
  ++events_.power_losses;
  for (const auto& worker : workers_) kill(*worker);
  disk_.lose_power();
  // In the laxer modes what was acknowledged since the last sync may be gone; then only doubles can be told.
  if (durability_ == Durability::durable) return;
  acknowledged_.clear();
  for (Repeated& like : repeated_) like.acknowledged = false;
}

void Simulation::reap() {
  std::erase_if(workers_, [this](const std::unique_ptr<SimWorker>& worker) {
    if (!worker->disk.dead || worker->busy()) return false;
    if (worker->adoption) events_.adoptions += worker->adoption->adopted();
    return true;
  });
}

void Simulation::start_worker() {
  workers_.push_back(std::make_unique<SimWorker>(*this, next_process_++));
  SimWorker& worker = *workers_.back();
  if (!worker.start()) kill(worker);
}

/// The disk and the database are well again: everything must come to rest. Half of the times those who live finish
/// their own first; in the end all are dead but a new one.
std::string Simulation::settle() {
  settling_ = true;
  database_.refuse = database_.lose = 0;
  for (const auto& worker : workers_) worker->disk.sync_error = worker->disk.write_error = worker->disk.space_error = 0;
  if (chance(0.5)) {
    for (const auto& worker : workers_) {
      if (!worker->disk.dead && worker->log && !finish(*worker)) return "a live worker does not come to rest";
    }
  }
  for (const auto& worker : workers_) kill(*worker);
  reap();
  disk_trouble_ = 0;
  start_worker();
  SimWorker& worker = *workers_.back();
  if (!worker.log) return "no journal on a healthy disk";
  for (int quiet = 0, steps = 0; quiet < 4; ++steps) {  // As many scans that found nothing.
    if (steps == 2000) return "adoption does not come to rest";
    clock_.advance_ms(50);
    const size_t before = disk_.find("journals")->entries.size();
    worker.sink_step(false);
    const bool working = worker.adoption->busy() || disk_.find("journals")->entries.size() != before;
    quiet = working ? 0 : quiet + 1;
  }
  events_.adoptions += worker.adoption->adopted();
  return check();
}

/// Whether a worker sends all it has, given time.
bool Simulation::finish(SimWorker& worker) {
  for (int i = 0; i < 1000; ++i) {
    if (worker.log->drained() && worker.log->batch_state() == LikeLog::BatchState::none) return true;
    clock_.advance_ms(50);
    worker.commit();
    worker.sink_step(true);
  }
  return false;
}

std::string Simulation::check() const {
  const SimWorker& worker = *workers_.back();
  if (worker.adoption->quarantined() > 0) return "a journal was taken for damaged";
  if (database_.impossible > 0) return "one sequence, two contents";
  for (const auto& [key, count] : acknowledged_) {
    const auto at = database_.counts.find(key);
    const int64_t stored = at == database_.counts.end() ? 0 : at->second;
    if (stored < count) return fmt::format("key {}: {} acknowledged, {} stored", key, count, stored);
  }
  for (const auto& [key, stored] : database_.counts) {
    const auto at = attempted_.find(key);
    const int64_t count = at == attempted_.end() ? 0 : at->second;
    if (stored > count) return fmt::format("key {}: {} attempted, {} stored", key, count, stored);
  }
  const auto journals = const_cast<SimDisk&>(disk_).find("journals");
  if (journals->entries.size() != 1) {
    std::string names;
    for (const auto& [name, node] : journals->entries) names += " " + name + (node->locked_by != 0 ? "(locked)" : "");
    return "journals left:" + names;
  }
  if (!database_.applied.empty()) return fmt::format("{} journals not forgotten", database_.applied.size());
  return "";
}

}  // namespace roost::batcher
