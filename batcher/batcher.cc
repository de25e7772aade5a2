#include "batcher/batcher.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <sys/random.h>

#include "batcher/adoption.h"
#include "batcher/group_commit.h"
#include "batcher/like_log.h"
#include "batcher/own_flush.h"
#include "batcher/store_identity.h"
#include "common/base/check.h"
#include "common/base/mutex.h"

namespace roost::batcher {

static_assert(Batcher::kRemembered == LikeLedger::kRemembered);

namespace {

uint64_t system_random() {
  uint64_t value = 0;
  ROOST_CHECK(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

/// Creates a journal under a random id. Another batcher may remove the directory as a leftover before it is locked;
/// then a new id is tried.
Result<std::unique_ptr<Journal>> make_journal(const Options& options, Disk& disk, Clock& clock) {
  constexpr int kAttempts = 8;
  for (int attempt = 1;; ++attempt) {
    const JournalId id{options.random(), options.random()};
    auto journal = Journal::create(disk, JournalPaths{options.directory}, id, journal_limits(options), clock.unix_ms());
    if (journal || attempt == kAttempts) return journal;
    const int code = journal.error().code;
    if (code != EWOULDBLOCK && code != ENOENT && code != EEXIST) return journal;
  }
}

}  // namespace

class Batcher::Body {
 public:
  Body(Options options, Disk& disk, Clock& clock, Sink& sink, std::unique_ptr<Journal> journal)
      : options_(std::move(options)),
        disk_(disk),
        clock_(clock),
        sink_(sink),
        log_(options_, clock, journal->id()),
        commits_(options_, clock, std::move(journal), log_, [this] { wake_sink(); }),
        flush_(options_, log_, sink, clock),
        adoption_(options_, disk, clock, sink, log_.id()),
        store_(sink, options_) {
    if (!learn_store()) log_.await_store();
    commit_thread_ = std::thread([this] { run_commits(); });
    sink_thread_ = std::thread([this] { run_sink(); });
  }

  LikeLog& log() { return log_; }
  const LikeLog& log() const { return log_; }
  Stats stats() const;
  void close(int64_t drain_ms);

 private:
  /// Flags shared between the sink thread and the others.
  struct SinkState {
    bool woken = false;
    bool draining = false;
    bool drained = false;
    bool stopping = false;
    uint64_t failures = 0;
    uint64_t adopted = 0;
    uint64_t quarantined = 0;
    uint64_t foreign = 0;
  };
  bool learn_store();
  void run_commits();
  void run_sink();
  void wake_sink();
  void rest_until(int64_t next_ms);
  void note_progress();
  void remove_own_journal();

  Options options_;
  Disk& disk_;
  Clock& clock_;
  Sink& sink_;
  LikeLog log_;
  GroupCommit commits_;  ///< Commit thread only.
  OwnFlush flush_;       ///< Sink thread only.
  Adoption adoption_;    ///< Sink thread only.
  StoreIdentity store_;  ///< Sink thread only, once it runs.

  mutable Mutex mutex_;
  CondVar sink_wake_;
  CondVar progress_;
  SinkState sink_state_ ROOST_GUARDED_BY(mutex_);

  Mutex close_mutex_;
  bool closed_ ROOST_GUARDED_BY(close_mutex_) = false;
  std::thread commit_thread_;
  std::thread sink_thread_;
};

/// True if the sink's store is known now.
bool Batcher::Body::learn_store() {
  if (store_.known()) return true;
  if (!store_.ask(clock_.monotonic_ms())) return false;
  adoption_.set_store(store_.store());
  log_.set_store(store_.store());
  return true;
}

void Batcher::Body::run_commits() {
  while (true) {
    commits_.wait();
    while (commits_.step()) {
    }
    if (log_.commits_stopped()) return;
  }
}

void Batcher::Body::run_sink() {
  while (true) {
    bool draining = false;
    {
      const MutexLock lock(mutex_);
      if (sink_state_.stopping) break;
      sink_state_.woken = false;
      draining = sink_state_.draining;
    }
    if (draining) flush_.flush_all();
    int64_t next_ms = flush_.step();
    // A closing batcher leaves adoption to the others.
    if (!draining) next_ms = std::min(next_ms, learn_store() ? adoption_.step() : store_.retry_at_ms());
    note_progress();
    rest_until(next_ms);
  }
  if (log_.drained()) remove_own_journal();
}

void Batcher::Body::wake_sink() {
  {
    const MutexLock lock(mutex_);
    sink_state_.woken = true;
  }
  sink_wake_.notify_one();
}

void Batcher::Body::note_progress() {
  const bool drained = log_.drained();
  {
    const MutexLock lock(mutex_);
    sink_state_.failures = flush_.sink_failures() + adoption_.sink_failures();
    sink_state_.adopted = adoption_.adopted();
    sink_state_.quarantined = adoption_.quarantined();
    sink_state_.foreign = adoption_.foreign();
    sink_state_.drained = sink_state_.draining && drained;
    if (!sink_state_.drained) return;
  }
  progress_.notify_all();
}

void Batcher::Body::rest_until(int64_t next_ms) {
  const MutexLock lock(mutex_);
  const int64_t rest_ms = next_ms - clock_.monotonic_ms();
  if (rest_ms <= 0) return;
  const auto deadline = CondVar::deadline_in_ms(rest_ms);
  while (!sink_state_.woken && !sink_state_.stopping && sink_wake_.wait_until(mutex_, deadline)) {
  }
}

void Batcher::Body::remove_own_journal() {
  Journal& journal = commits_.journal();
  if (!journal.mark_done() || !sink_.forget(journal.id())) return;  // Another batcher finishes it.
  const JournalPaths paths{options_.directory};
  (void)remove_journal(disk_, paths, paths.done(journal.id()));
}

Stats Batcher::Body::stats() const {
  Stats stats;
  log_.fill_stats(stats);
  const MutexLock lock(mutex_);
  stats.sink_failures = sink_state_.failures;
  stats.adopted = sink_state_.adopted;
  stats.quarantined = sink_state_.quarantined;
  stats.foreign = sink_state_.foreign;
  return stats;
}

void Batcher::Body::close(int64_t drain_ms) {
  const MutexLock once(close_mutex_);
  if (closed_) return;
  closed_ = true;
  log_.stop_accepting();
  if (drain_ms > 0) {
    const MutexLock lock(mutex_);
    sink_state_.draining = sink_state_.woken = true;
    sink_wake_.notify_one();
    const auto deadline = CondVar::deadline_in_ms(drain_ms);
    while (!sink_state_.drained && progress_.wait_until(mutex_, deadline)) {
    }
  }
  log_.stop_commits();
  commit_thread_.join();
  {
    const MutexLock lock(mutex_);
    sink_state_.stopping = true;
  }
  sink_wake_.notify_one();
  sink_thread_.join();
  commits_.release_journal();
}

Result<std::unique_ptr<Batcher>> Batcher::open(Options options, Disk& disk, Clock& clock, Sink& sink) {
  if (!options.random) options.random = system_random;
  if (auto valid = validate(options); !valid) return tl::unexpected<Error>(std::move(valid).error());
  if (auto root = make_journal_root(disk, options.directory); !root)
    return tl::unexpected<Error>(std::move(root).error());
  auto journal = make_journal(options, disk, clock);
  if (!journal) return tl::unexpected<Error>(std::move(journal).error());
  auto body = std::make_unique<Body>(std::move(options), disk, clock, sink, std::move(*journal));
  return std::unique_ptr<Batcher>(new Batcher(std::move(body)));
}

Batcher::Batcher(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Batcher::~Batcher() {
  close(0);
}

Result<void> Batcher::add(int64_t key, int64_t delta, Done&& done) {
  return body_->log().add(key, delta, std::move(done));
}
Result<Added> Batcher::add_once(int64_t key, const LikeToken& token, Done&& done) {
  return body_->log().add_once(key, token, std::move(done));
}
int64_t Batcher::pending(int64_t key) const {
  return body_->log().pending(key);
}
int64_t Batcher::pending_after(int64_t key, uint64_t applied_seq) const {
  return body_->log().pending_after(key, applied_seq);
}
Stats Batcher::stats() const {
  return body_->stats();
}
const JournalId& Batcher::journal() const {
  return body_->log().id();
}
void Batcher::close(int64_t drain_ms) {
  body_->close(drain_ms);
}

}  // namespace roost::batcher
