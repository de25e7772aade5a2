#include "batcher/own_flush.h"

#include <algorithm>

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
  const Batch& batch = log_.in_flight();
  switch (sender_.step(log_.id(), batch, now_ms)) {
    case BatchSender::Progress::applied:
      sending_ = false;
      if (options_.on_applied) options_.on_applied(batch);
      log_.mark_applied();
      return ask_when_due(clock_.monotonic_ms());
    case BatchSender::Progress::waiting:
      return sender_.retry_at_ms();
    case BatchSender::Progress::impossible:
      halted_ = true;
      log_.stop_accepting();
      if (options_.report) {
        options_.report(
            fmt::format("journal {}: batch {} is to be applied, but the sink says {} was the last: nothing "
                        "is sent or accepted any more",
                        log_.id().hex(), batch.sequence, sender_.impossible_answer()));
      }
  }
  return now_ms + kRecheckMs;
}

}  // namespace roost::batcher
