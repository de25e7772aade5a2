#include "batcher/like_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "common/base/check.h"

namespace roost::batcher {

JournalLimits journal_limits(const Options& options) {
  JournalLimits limits;
  limits.segment_bytes = options.segment_bytes;
  limits.max_bytes = options.max_journal_bytes;
  limits.group_bytes = options.max_waiting * (kMaxPairBytes + kMaxTokenBytes) + 2 * kFrameHeaderBytes;
  limits.reserve_bytes =
      options.max_batch_keys * (kMaxPairBytes + kMaxTokenBytes) + 4 * (kFrameHeaderBytes + 8 + 3 * kMaxNumberBytes);
  return limits;
}

LikeLog::LikeLog(Options& options, Clock& clock, std::unique_ptr<Journal> journal, std::function<void()> wake_sink)
    : options_(options),
      clock_(clock),
      id_(journal->id()),
      wake_sink_(std::move(wake_sink)),
      return_(new Return{{}, this}),
      journal_(std::move(journal)),
      last_sync_ms_(clock.monotonic_ms()),
      ledger_(options.policy),
      known_tokens_(options.token_memory_ms, options.max_known_tokens) {
  stats_.journal_bytes = journal_->bytes();
}

LikeLog::~LikeLog() {
  const std::lock_guard lock(return_->mutex);
  return_->log = nullptr;
}

// ---- any thread
// ------------------------------------------------------------------------------------------------------

Result<void> LikeLog::add(int64_t key, int64_t delta, Batcher::Done&& done) {
  ROOST_CHECK(delta >= 1 && delta <= Batcher::kMaxDelta);
  return take(key, delta, nullptr, std::move(done));
}

Result<Added> LikeLog::add_once(int64_t key, const LikeToken& token, Batcher::Done&& done) {
  {
    const std::lock_guard lock(mutex_);
    if (known_tokens_.contains(token, clock_.monotonic_ms())) {
      ++stats_.repeats;
      return Added::known;
    }
  }
  if (auto taken = take(key, 1, &token, std::move(done)); !taken) return tl::unexpected<Error>(taken.error());
  return Added::waiting;
}

Result<void> LikeLog::take(int64_t key, int64_t delta, const LikeToken* token, Batcher::Done&& done) {
  std::unique_lock lock(mutex_);
  if (auto refused = refusal(key, token != nullptr); !refused) {
    ++stats_.refused;
    return refused;
  }
  if (filling_.waiting.empty()) filling_.first_unix_ms = clock_.unix_ms();
  filling_.likes.add(key, delta);
  if (token != nullptr) filling_.tokens.push_back({key, *token});
  filling_.waiting.push_back({key, std::move(done)});
  if (!commit_thread_waits_ || !group_is_due()) return {};
  commit_thread_waits_ = false;
  lock.unlock();
  commit_wake_.notify_one();
  return {};
}

Result<void> LikeLog::refusal(int64_t key, bool has_token) {
  if (!accepting_) return fail("the like batcher is closing", Side::internal, true, ESHUTDOWN);
  if (filling_.waiting.size() >= options_.max_waiting) {
    return fail(fmt::format("{} likes already wait for the disk", options_.max_waiting), Side::internal, true, EAGAIN);
  }
  if (disk_error_ && clock_.monotonic_ms() < refuse_until_ms_) return tl::unexpected<Error>(*disk_error_);
  const size_t keys = ledger_.key_count() + committing_keys_ + filling_.likes.size();
  if (keys >= options_.max_pending_keys && !ledger_.is_open(key) && !filling_.likes.contains(key)) {
    return fail(fmt::format("{} keys already have likes on their way to the sink", keys), Side::internal, true, EAGAIN);
  }
  const size_t tokens = ledger_.token_count() + committing_tokens_ + filling_.tokens.size();
  if (has_token && tokens >= options_.max_pending_tokens) {
    return fail(fmt::format("{} likes with a token are already on their way to the sink", tokens), Side::internal, true,
                EAGAIN);
  }
  return {};
}

int64_t LikeLog::pending(int64_t key) const {
  const std::lock_guard lock(mutex_);
  return ledger_.pending(key);
}

int64_t LikeLog::pending_after(int64_t key, uint64_t applied_seq) const {
  const std::lock_guard lock(mutex_);
  return ledger_.pending_after(key, applied_seq);
}

void LikeLog::fill_stats(Stats& stats) const {
  const std::lock_guard lock(mutex_);
  stats = stats_;
  stats.pending = ledger_.total_pending();
  stats.pending_keys = ledger_.key_count();
  const auto oldest = ledger_.oldest_ms();
  stats.oldest_pending_ms = oldest ? clock_.monotonic_ms() - *oldest : 0;
  stats.statements_saved = stats.applied - stats.batches;
  stats.accepting = accepting_ && !disk_error_;
}

void LikeLog::stop_accepting() {
  {
    const std::lock_guard lock(mutex_);
    accepting_ = false;
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

void LikeLog::on_answers_run() {
  {
    const std::lock_guard lock(mutex_);
    --answers_under_way_;
    if (!commit_thread_waits_ || !group_is_due()) return;
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

// ---- sink thread
// -----------------------------------------------------------------------------------------------------

bool LikeLog::has_due(bool all) const {
  const std::lock_guard lock(mutex_);
  return all ? ledger_.has_open() : ledger_.has_due(clock_.monotonic_ms());
}

void LikeLog::ask_for_batch(bool all) {
  {
    const std::lock_guard lock(mutex_);
    ROOST_CHECK(batch_state_ == BatchState::none);
    batch_state_ = BatchState::asked;
    batch_all_ = all;
    commit_thread_waits_ = false;
  }
  commit_wake_.notify_one();
}

LikeLog::BatchState LikeLog::batch_state() {
  const std::lock_guard lock(mutex_);
  const BatchState state = batch_state_;
  if (state == BatchState::failed) batch_state_ = BatchState::none;
  return state;
}

const Batch& LikeLog::in_flight() const {
  const std::lock_guard lock(mutex_);
  ROOST_CHECK(batch_state_ == BatchState::ready);
  return *ledger_.in_flight();
}

void LikeLog::mark_applied() {
  const std::lock_guard lock(mutex_);
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
  const std::lock_guard lock(mutex_);
  return ledger_.total_pending() == 0 && filling_.waiting.empty() && committing_keys_ == 0;
}

void LikeLog::quiet_until(int64_t until_ms) {
  const std::lock_guard lock(mutex_);
  quiet_until_ms_ = until_ms;
}

// ---- commit thread
// ---------------------------------------------------------------------------------------------------

bool LikeLog::interval_sync_due(int64_t now_ms) const {
  return options_.durability == Durability::interval && unsynced_ &&
         now_ms >= last_sync_ms_ + options_.sync_interval_ms;
}

bool LikeLog::mend_due(int64_t now_ms) const {
  return journal_->broken() && now_ms >= retry_segment_at_ms_;
}

// Likes that wait while answers are run are joined by those that the answers bring about. At the end nobody may be
// there to run any.
bool LikeLog::group_is_due() const {
  return !filling_.waiting.empty() && (answers_under_way_ == 0 || !accepting_);
}

bool LikeLog::has_commit_work() const {
  if (group_is_due() || batch_state_ == BatchState::asked) return true;
  const int64_t now_ms = clock_.monotonic_ms();
  return interval_sync_due(now_ms) || mend_due(now_ms) || (stopping_ && unsynced_);
}

void LikeLog::wait_for_commit_work() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && !has_commit_work()) {
    commit_thread_waits_ = true;
    if (journal_->broken()) {
      commit_wake_.wait_for(lock, std::chrono::milliseconds(options_.backoff.initial_ms));
    } else if (options_.durability == Durability::interval && unsynced_) {
      commit_wake_.wait_for(lock, std::chrono::milliseconds(options_.sync_interval_ms));
    } else {
      commit_wake_.wait(lock);
    }
    commit_thread_waits_ = false;
  }
}

void LikeLog::stop_commits() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  commit_wake_.notify_one();
}

bool LikeLog::commits_stopped() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool LikeLog::commit_step() {
  Step step;
  if (!take_work(step)) return false;
  write_step(step);
  publish(step);
  if (journal_->broken()) (void)begin_segment();
  note_disk();
  return true;
}

bool LikeLog::take_work(Step& step) {
  const std::lock_guard lock(mutex_);
  if (!has_commit_work()) return false;
  std::swap(filling_, committing_);
  committing_keys_ = committing_.likes.size();
  committing_tokens_ = committing_.tokens.size();
  step.batch_asked = batch_state_ == BatchState::asked;
  step.applied_hint = applied_hint_;
  step.must_sync = options_.durability == Durability::durable || stopping_ || interval_sync_due(clock_.monotonic_ms());
  return true;
}

void LikeLog::write_step(Step& step) {
  if (!committing_.waiting.empty()) step.likes = stage_likes();
  if (step.batch_asked) step.asked = stage_batch(step);
  if (journal_->has_staged()) stage_applied(step);
  if (journal_->broken()) return;  // Then nothing is staged, and whatever wanted to be has its error.
  auto written = journal_->write();
  // Whatever the mode: a batch must be on disk before the sink hears of it, or a loss of power would make another of
  // it.
  const bool must_sync = step.must_sync || step.batch.has_value();
  if (written && must_sync && journal_->has_unsynced()) written = journal_->sync();
  if (written && must_sync) last_sync_ms_ = clock_.monotonic_ms();
  if (written) return;
  report(written.error());
  if (step.likes) step.likes = tl::unexpected<Error>(written.error());
  if (step.asked) step.asked = tl::unexpected<Error>(written.error());
}

Result<void> LikeLog::stage_likes() {
  payload_.clear();
  encode_likes(committing_.likes.pairs(), committing_.tokens, payload_);
  if (journal_->room_for_likes() < payload_.size()) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  if (journal_->room_for_likes() < payload_.size()) {
    return fail("more likes in one group than a segment holds", Side::internal, true, EAGAIN);
  }
  journal_->stage(FrameType::likes, payload_, committing_.first_unix_ms);
  return {};
}

Result<void> LikeLog::stage_batch(Step& step) {
  Result<void> begun;
  if (!journal_->has_staged() && journal_->room_for_batch() < journal_limits(options_).reserve_bytes) {
    begun = begin_segment();
  }
  // With a full disk what is left of the reserve still takes a smaller batch.
  const uint64_t room = journal_->room_for_batch();
  constexpr size_t kKeyBytes = kMaxPairBytes + kMaxTokenBytes;  // As many tokens as keys.
  if (room < 3 * kMaxNumberBytes + kKeyBytes) {
    return begun ? fail("no room for a batch", Side::internal, true, EAGAIN) : begun;
  }
  const size_t fitting = (room - 3 * kMaxNumberBytes) / kKeyBytes;
  {
    const std::lock_guard lock(mutex_);
    step.batch = ledger_.select_batch(clock_.monotonic_ms(), std::min(fitting, options_.max_batch_keys), batch_all_);
  }
  if (!step.batch) return {};
  payload_.clear();
  encode_batch(*step.batch, payload_);
  journal_->stage(FrameType::batch, payload_, clock_.unix_ms());
  return {};
}

void LikeLog::stage_applied(Step& step) {
  if (step.applied_hint == 0 || journal_->room_for_batch() < kMaxNumberBytes) return;
  step.hint_staged = true;
  payload_.clear();
  encode_applied(step.applied_hint, payload_);
  journal_->stage(FrameType::applied, payload_, clock_.unix_ms());
}

Result<void> LikeLog::begin_segment() {
  const int64_t now_ms = clock_.monotonic_ms();
  if (now_ms < retry_segment_at_ms_) return tl::unexpected<Error>(segment_error_);
  JournalState state;
  {
    const std::lock_guard lock(mutex_);
    state = ledger_.state();
  }
  auto begun = journal_->begin_segment(state, clock_.unix_ms());
  if (begun) {
    ++rotations_;
    segment_failures_ = 0;
    retry_segment_at_ms_ = 0;
    return begun;
  }
  report(begun.error());
  segment_error_ = begun.error();
  segment_error_.retryable = true;
  ++segment_failures_;
  retry_segment_at_ms_ = now_ms + options_.backoff.delay_ms(segment_failures_, options_.random());
  return tl::unexpected<Error>(segment_error_);
}

void LikeLog::publish(Step& step) {
  std::vector<Completion> completions;
  completions.reserve(committing_.waiting.size());
  bool wake = step.batch_asked;
  {
    const std::lock_guard lock(mutex_);
    const int64_t now_ms = clock_.monotonic_ms();
    if (step.likes) {
      ledger_.add(committing_.likes.pairs(), now_ms, committing_.tokens);
      for (const TokenedLike& like : committing_.tokens) known_tokens_.add(like.token, now_ms);
    }
    for (Waiting& waiting : committing_.waiting) {
      completions.push_back({std::move(waiting.done), Accepted{0}});
      if (step.likes) {
        completions.back().result = Accepted{ledger_.pending(waiting.key)};
      } else {
        completions.back().result = tl::unexpected<Error>(step.likes.error());
      }
    }
    (step.likes ? stats_.accepted : stats_.refused) += completions.size();
    if (!completions.empty()) {
      ++stats_.groups;
      ++answers_under_way_;
    }
    if (step.batch_asked) publish_batch(step, now_ms);
    if (step.hint_staged && step.applied_hint == applied_hint_ && step.likes && step.asked) applied_hint_ = 0;
    committing_keys_ = committing_tokens_ = 0;
    unsynced_ = journal_->has_unsynced();
    if (!accepting_) wake = true;  // The sink thread waits for the last of them.
    if (batch_state_ == BatchState::none && now_ms >= quiet_until_ms_ && ledger_.has_due(now_ms)) wake = true;
  }
  committing_.clear();
  if (wake) wake_sink_();
  if (!completions.empty()) deliver(std::move(completions));
}

void LikeLog::publish_batch(Step& step, int64_t now_ms) {
  if (!step.asked) {
    batch_state_ = BatchState::failed;
  } else if (step.batch) {
    ledger_.begin_batch(std::move(*step.batch), now_ms);
    batch_state_ = BatchState::ready;
  } else {
    batch_state_ = BatchState::none;
  }
}

void LikeLog::deliver(std::vector<Completion> completions) {
  Answers answers(std::move(completions), [home = return_] {
    const std::lock_guard lock(home->mutex);
    if (home->log != nullptr) home->log->on_answers_run();
  });
  if (options_.deliver) return options_.deliver(std::move(answers));
  answers.run();
}

void LikeLog::note_disk() {
  const std::lock_guard lock(mutex_);
  stats_.syncs = journal_->syncs();
  stats_.journal_bytes = journal_->bytes();
  stats_.rotations = rotations_;
  refuse_until_ms_ = retry_segment_at_ms_;
  if (segment_failures_ > 0) {
    disk_error_ = segment_error_;
  } else {
    disk_error_.reset();
  }
}

void LikeLog::report(const Error& error) {
  if (options_.report) options_.report(error.what);
}

}  // namespace roost::batcher
