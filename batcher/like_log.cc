#include "batcher/like_log.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace roost::batcher {

LikeLog::LikeLog(const Options& options, Clock& clock, const JournalId& id)
    : options_(options),
      clock_(clock),
      id_(id),
      ledger_(options.policy),
      intake_(options),
      known_tokens_(options.token_memory_ms, options.max_known_tokens) {}

// ---- any thread -----------------------------------------------------------------------------------------------------

Result<void> LikeLog::add(int64_t key, int64_t delta, Done&& done) {
  ROOST_CHECK(delta >= 1 && delta <= kMaxDelta);
  return take(key, delta, nullptr, std::move(done));
}

Result<Added> LikeLog::add_once(int64_t key, const LikeToken& token, Done&& done) {
  {
    const MutexLock lock(mutex_);
    if (known_tokens_.contains(token, clock_.monotonic_ms())) {
      ++stats_.repeats;
      return Added::known;
    }
  }
  if (auto taken = take(key, 1, &token, std::move(done)); !taken) return tl::unexpected<Error>(taken.error());
  return Added::waiting;
}

Result<void> LikeLog::take(int64_t key, int64_t delta, const LikeToken* token, Done&& done) {
  MutexLock lock(mutex_);
  if (auto admitted = intake_.admit(key, token != nullptr, ledger_, clock_.monotonic_ms()); !admitted) {
    ++stats_.refused;
    return admitted;
  }
  intake_.add(key, delta, token, std::move(done), clock_.unix_ms());
  if (!commit_thread_waits_ || !group_is_due()) return {};
  commit_thread_waits_ = false;
  lock.unlock();
  commit_wake_.notify_one();
  return {};
}

int64_t LikeLog::pending(int64_t key) const {
  const MutexLock lock(mutex_);
  return ledger_.pending(key);
}

int64_t LikeLog::pending_after(int64_t key, uint64_t applied_seq) const {
  const MutexLock lock(mutex_);
  return ledger_.pending_after(key, applied_seq);
}

void LikeLog::fill_stats(Stats& stats) const {
  const MutexLock lock(mutex_);
  stats = stats_;
  stats.pending = ledger_.total_pending();
  stats.pending_keys = ledger_.key_count();
  const auto oldest = ledger_.oldest_ms();
  stats.oldest_pending_ms = oldest ? clock_.monotonic_ms() - *oldest : 0;
  stats.statements_saved = stats.applied - stats.batches;
  stats.accepting = intake_.accepting();
}

void LikeLog::await_store() {
  const MutexLock lock(mutex_);
  intake_.await_store(true);
}

void LikeLog::set_store(const std::optional<StoreId>& store) {
  {
    const MutexLock lock(mutex_);
    intake_.await_store(false);
    store_to_write_ = store;
    if (!store) return;
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

void LikeLog::stop_accepting() {
  {
    const MutexLock lock(mutex_);
    intake_.close();
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

void LikeLog::on_answers_run() {
  {
    const MutexLock lock(mutex_);
    --answers_under_way_;
    if (!commit_thread_waits_ || !group_is_due()) return;
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

// ---- sink thread ----------------------------------------------------------------------------------------------------

bool LikeLog::has_due(bool all) const {
  const MutexLock lock(mutex_);
  return all ? ledger_.has_open() : ledger_.has_due(clock_.monotonic_ms());
}

void LikeLog::ask_for_batch(bool all) {
  {
    const MutexLock lock(mutex_);
    ROOST_CHECK(batch_state_ == BatchState::none);
    batch_state_ = BatchState::asked;
    batch_all_ = all;
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

LikeLog::BatchState LikeLog::batch_state() {
  const MutexLock lock(mutex_);
  const BatchState state = batch_state_;
  if (state == BatchState::failed) batch_state_ = BatchState::none;
  return state;
}

const Batch& LikeLog::in_flight() const {
  const MutexLock lock(mutex_);
  ROOST_CHECK(batch_state_ == BatchState::ready);
  return *ledger_.in_flight();
}

void LikeLog::mark_applied() {
  const MutexLock lock(mutex_);
  const Batch& batch = *ledger_.in_flight();
  uint64_t likes = 0;
  for (const KeyDelta& delta : batch.deltas) likes += static_cast<uint64_t>(delta.delta);
  stats_.applied += likes;
  ++stats_.batches;
  stats_.last_batch_keys = batch.deltas.size();
  stats_.last_batch_likes = likes;
  applied_hint_ = batch.sequence;
  ledger_.mark_applied();
  batch_state_ = BatchState::none;
}

bool LikeLog::drained() const {
  const MutexLock lock(mutex_);
  return ledger_.total_pending() == 0 && intake_.idle();
}

void LikeLog::quiet_until(int64_t until_ms) {
  const MutexLock lock(mutex_);
  quiet_until_ms_ = until_ms;
}

// ---- commit thread --------------------------------------------------------------------------------------------------

// Likes wait while answers are being run, so that those which the answers bring about join the same group. Once the log
// is closed nobody may be left to run any.
bool LikeLog::group_is_due() const {
  return intake_.has_group() && (answers_under_way_ == 0 || intake_.closed());
}

bool LikeLog::has_commit_work(const JournalUpkeep& upkeep) const {
  if (group_is_due() || batch_state_ == BatchState::asked || store_to_write_) return true;
  return upkeep.due(clock_.monotonic_ms()) || (stopping_ && upkeep.unsynced);
}

void LikeLog::wait_for_commit_work(const JournalUpkeep& upkeep) {
  const MutexLock lock(mutex_);
  while (!stopping_ && !has_commit_work(upkeep)) {
    commit_thread_waits_ = true;
    if (upkeep.poll_ms == JournalUpkeep::kNever) {
      commit_wake_.wait(mutex_);
    } else {
      commit_wake_.wait_ms(mutex_, upkeep.poll_ms);
    }
    commit_thread_waits_ = false;
  }
}

void LikeLog::stop_commits() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  commit_wake_.notify_one();
}

bool LikeLog::commits_stopped() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

bool LikeLog::take_work(const JournalUpkeep& upkeep, LikeGroup& group, CommitWork& work) {
  const MutexLock lock(mutex_);
  if (!has_commit_work(upkeep)) return false;
  intake_.take_group(group);
  work.store = std::exchange(store_to_write_, std::nullopt);
  work.batch_asked = batch_state_ == BatchState::asked;
  work.applied_hint = applied_hint_;
  work.must_sync =
      options_.durability == Durability::durable || stopping_ || clock_.monotonic_ms() >= upkeep.sync_due_ms;
  return true;
}

std::optional<Batch> LikeLog::select_batch(size_t most_keys) const {
  const MutexLock lock(mutex_);
  return ledger_.select_batch(clock_.monotonic_ms(), std::min(most_keys, options_.max_batch_keys), batch_all_);
}

JournalState LikeLog::state() const {
  const MutexLock lock(mutex_);
  return ledger_.state();
}

CommitOutcome LikeLog::publish(LikeGroup& group, CommitWork& work) {
  CommitOutcome outcome;
  outcome.completions.reserve(group.waiting.size());
  outcome.wake_sink = work.batch_asked;
  const MutexLock lock(mutex_);
  const int64_t now_ms = clock_.monotonic_ms();
  if (work.likes) {
    ledger_.add(group.likes.pairs(), now_ms, group.tokens);
    for (const TokenedLike& like : group.tokens) known_tokens_.add(like.token, now_ms);
  }
  for (LikeGroup::Waiting& waiting : group.waiting) {
    Completion& completion = outcome.completions.emplace_back(Completion{std::move(waiting.done), Accepted{0}});
    if (work.likes) {
      completion.result = Accepted{ledger_.pending(waiting.key)};
    } else {
      completion.result = tl::unexpected<Error>(work.likes.error());
    }
  }
  (work.likes ? stats_.accepted : stats_.refused) += outcome.completions.size();
  if (!outcome.completions.empty()) {
    ++stats_.groups;
    ++answers_under_way_;
  }
  if (work.batch_asked) publish_batch(work, now_ms);
  if (work.hint_staged && work.applied_hint == applied_hint_ && work.likes && work.asked) applied_hint_ = 0;
  intake_.group_committed();
  if (intake_.closed()) outcome.wake_sink = true;  // The sink thread waits for the last group.
  if (batch_state_ == BatchState::none && now_ms >= quiet_until_ms_ && ledger_.has_due(now_ms)) {
    outcome.wake_sink = true;
  }
  return outcome;
}

void LikeLog::publish_batch(CommitWork& work, int64_t now_ms) {
  if (!work.asked) {
    batch_state_ = BatchState::failed;
  } else if (work.batch) {
    ledger_.begin_batch(std::move(*work.batch), now_ms);
    batch_state_ = BatchState::ready;
  } else {
    batch_state_ = BatchState::none;
  }
}

void LikeLog::note_journal(JournalStatus status) {
  const MutexLock lock(mutex_);
  stats_.syncs = status.syncs;
  stats_.journal_bytes = status.bytes;
  stats_.rotations = status.rotations;
  intake_.refuse_until(std::move(status.error), status.refuse_until_ms);
}

}  // namespace roost::batcher
