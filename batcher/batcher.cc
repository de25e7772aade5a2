#include "batcher/batcher.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <sys/random.h>

#include "batcher/adoption.h"
#include "batcher/like_log.h"
#include "batcher/own_flush.h"
#include "common/base/check.h"

namespace roost::batcher {

static_assert(Batcher::kRemembered == LikeLedger::kRemembered);

namespace {

uint64_t system_random() {
  uint64_t value = 0;
  ROOST_CHECK(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

/// A journal under a new name. A batcher that is clearing up may take the directory for a dead one's before it is
/// locked; then another name does.
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

Result<void> validate(const Options& options) {
  const JournalLimits limits = journal_limits(options);
  const uint64_t segment = std::max(limits.segment_bytes, limits.group_bytes + 2 * limits.reserve_bytes + 4096);
  if (options.directory.empty()) return fail("the batcher needs a directory for its journals");
  if (limits.segment_bytes > UINT32_MAX) return fail("a journal segment cannot be over 4GiB");
  if (limits.max_bytes < 2 * segment) {
    return fail(fmt::format("a journal needs at least {} bytes, two segments", 2 * segment));
  }
  if (options.max_batch_keys == 0 || options.max_waiting == 0) return fail("a batcher's limits must be at least 1");
  return {};
}

}  // namespace

class Batcher::Body {
 public:
  Body(Options options, Disk& disk, Clock& clock, Sink& sink, std::unique_ptr<Journal> journal)
      : options_(std::move(options)),
        disk_(disk),
        clock_(clock),
        sink_(sink),
        log_(options_, clock, std::move(journal), [this] { wake_sink(); }),
        flush_(options_, log_, sink, clock),
        adoption_(options_, disk, clock, sink, log_.id()),
        commit_thread_([this] { run_commits(); }),
        sink_thread_([this] { run_sink(); }) {}

  LikeLog& log() { return log_; }
  const LikeLog& log() const { return log_; }
  Stats stats() const;
  void close(int64_t drain_ms);

 private:
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
  OwnFlush flush_;     ///< Of the sink thread.
  Adoption adoption_;  ///< Of the sink thread.

  mutable std::mutex mutex_;
  std::condition_variable sink_wake_;
  std::condition_variable progress_;
  // Below: guarded by mutex_.
  bool woken_ = false;
  bool draining_ = false;
  bool drained_ = false;
  bool sink_stopping_ = false;
  Stats sink_stats_;  ///< The sink thread's figures, as of its last step.

  std::mutex close_mutex_;
  bool closed_ = false;  ///< Guarded by close_mutex_.
  std::thread commit_thread_;
  std::thread sink_thread_;
};

void Batcher::Body::run_commits() {
  while (true) {
    log_.wait_for_commit_work();
    while (log_.commit_step()) {
    }
    if (log_.commits_stopped()) return;
  }
}

void Batcher::Body::run_sink() {
  while (true) {
    bool draining = false;
    {
      const std::lock_guard lock(mutex_);
      if (sink_stopping_) break;
      woken_ = false;
      draining = draining_;
    }
    if (draining) flush_.flush_all();
    int64_t next_ms = flush_.step();
    // A batcher that is closing leaves other journals to those that stay.
    if (!draining) next_ms = std::min(next_ms, adoption_.step());
    note_progress();
    rest_until(next_ms);
  }
  if (log_.drained()) remove_own_journal();
}

void Batcher::Body::wake_sink() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  sink_wake_.notify_one();
}

void Batcher::Body::note_progress() {
  const bool drained = log_.drained();
  {
    const std::lock_guard lock(mutex_);
    sink_stats_.sink_failures = flush_.sink_failures() + adoption_.sink_failures();
    sink_stats_.adopted = adoption_.adopted();
    sink_stats_.quarantined = adoption_.quarantined();
    drained_ = draining_ && drained;
    if (!drained_) return;
  }
  progress_.notify_all();
}

void Batcher::Body::rest_until(int64_t next_ms) {
  std::unique_lock lock(mutex_);
  const int64_t rest_ms = next_ms - clock_.monotonic_ms();
  if (woken_ || sink_stopping_ || rest_ms <= 0) return;
  sink_wake_.wait_for(lock, std::chrono::milliseconds(rest_ms), [this] { return woken_ || sink_stopping_; });
}

void Batcher::Body::remove_own_journal() {
  Journal& journal = log_.journal();
  if (!journal.mark_done() || !sink_.forget(journal.id())) return;  // Then another batcher does the rest.
  const JournalPaths paths{options_.directory};
  (void)remove_journal(disk_, paths, paths.done(journal.id()));
}

Stats Batcher::Body::stats() const {
  Stats stats;
  log_.fill_stats(stats);
  const std::lock_guard lock(mutex_);
  stats.sink_failures = sink_stats_.sink_failures;
  stats.adopted = sink_stats_.adopted;
  stats.quarantined = sink_stats_.quarantined;
  return stats;
}

void Batcher::Body::close(int64_t drain_ms) {
  const std::lock_guard once(close_mutex_);
  if (closed_) return;
  closed_ = true;
  log_.stop_accepting();
  if (drain_ms > 0) {
    std::unique_lock lock(mutex_);
    draining_ = woken_ = true;
    sink_wake_.notify_one();
    progress_.wait_for(lock, std::chrono::milliseconds(drain_ms), [this] { return drained_; });
  }
  log_.stop_commits();
  commit_thread_.join();
  {
    const std::lock_guard lock(mutex_);
    sink_stopping_ = true;
  }
  sink_wake_.notify_one();
  sink_thread_.join();
  log_.release_journal();
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
