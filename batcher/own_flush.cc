#include "batcher/own_flush.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace roost::batcher {

int64_t OwnFlush::step() {
  const int64_t now_ms = clock_.monotonic_ms();
  if (halted_) return now_ms + kRecheckMs;
  switch (log_.batch_state()) {
    case LikeLog::BatchState::none:
      return ask_when_due(now_ms);
    case LikeLog::BatchState::asked:
      return now_ms + kRecheckMs;
    case LikeLog::BatchState::ready:
      failed_writes_ = 0;
      return send(now_ms);
    case LikeLog::BatchState::failed:
      ++failed_writes_;
      not_before_ms_ = now_ms + options_.backoff.delay_ms(failed_writes_, options_.random());
      log_.quiet_until(not_before_ms_);
      return not_before_ms_;
  }
  return now_ms;
}

int64_t OwnFlush::ask_when_due(int64_t now_ms) {
  if (now_ms < not_before_ms_) return not_before_ms_;
  if (log_.has_due(all_)) {
    not_before_ms_ = all_ ? now_ms : now_ms + options_.batch_spacing_ms;
    log_.quiet_until(not_before_ms_);
    log_.ask_for_batch(all_);
  }
  return now_ms + std::min(kRecheckMs, std::max<int64_t>(options_.policy.max_age_ms, 1));
}

int64_t OwnFlush::send(int64_t now_ms) {
  if (!sending_) {
    sending_ = true;
    sender_.start_fresh();
  }
  const Batch& batch = next_batch();
  switch (sender_.step(log_.id(), batch, now_ms)) {
    case BatchSender::Progress::applied:
      return on_applied(batch);
    case BatchSender::Progress::waiting:
      return sender_.retry_at_ms();
    case BatchSender::Progress::impossible:
      return on_impossible(batch.sequence, now_ms);
  }
  return now_ms + kRecheckMs;
}

const Batch& OwnFlush::next_batch() const {
  const Batch* again = again_ == 0 ? nullptr : applied_.find(again_);
  return again == nullptr ? log_.in_flight() : *again;
}

int64_t OwnFlush::on_applied(const Batch& batch) {
  sending_ = false;
  if (options_.on_applied) options_.on_applied(batch);
  if (again_ != 0) {  // the next one that was lost, or at last the one in flight
    again_ = applied_.find(again_ + 1) == nullptr ? 0 : again_ + 1;
    return clock_.monotonic_ms();
  }
  applied_.add(batch);
  log_.mark_applied();
  return ask_when_due(clock_.monotonic_ms());
}

int64_t OwnFlush::on_impossible(uint64_t sequence, int64_t now_ms) {
  const uint64_t stored = sender_.impossible_answer();
  const auto report = [&](std::string_view what) {
    if (!options_.report) return;
    options_.report(fmt::format("journal {}: batch {} is to be applied, but the sink says {} was the last: {}",
                                log_.id().hex(), sequence, stored, what));
  };
  if (stored < sequence && applied_.has_all_behind(stored)) {
    again_ = stored + 1;
    sending_ = false;
    report("those behind it are applied again");
    return now_ms;
  }
  halted_ = true;
  log_.stop_accepting();
  report("nothing is sent or accepted any more");
  return now_ms + kRecheckMs;
}

// ---- applied batches ------------------------------------------------------------------------------------------------

size_t AppliedBatches::bytes_of(const Batch& batch) {
  return sizeof batch + batch.deltas.size() * sizeof(KeyDelta) + batch.tokens.size() * sizeof(TokenedLike);
}

void AppliedBatches::add(const Batch& batch) {
  batches_.push_back(batch);
  bytes_ += bytes_of(batch);
  while (!batches_.empty() && (batches_.size() > kMaxBatches || bytes_ > kMaxBytes)) {
    bytes_ -= bytes_of(batches_.front());
    batches_.pop_front();
  }
}

bool AppliedBatches::has_all_behind(uint64_t sequence) const {
  return !batches_.empty() && batches_.front().sequence <= sequence + 1 && sequence < batches_.back().sequence;
}

const Batch* AppliedBatches::find(uint64_t sequence) const {
  if (batches_.empty() || sequence < batches_.front().sequence || sequence > batches_.back().sequence) return nullptr;
  return &batches_[static_cast<size_t>(sequence - batches_.front().sequence)];
}

}  // namespace roost::batcher
