#include "batcher/batch_sender.h"

namespace roost::batcher {

BatchSender::Progress BatchSender::step(const JournalId& journal, const Batch& batch, int64_t now_ms) {
  if (now_ms < retry_at_ms_) return Progress::waiting;
  if (asking_) return ask(journal, batch, now_ms);
  attempted_ = true;
  switch (sink_.apply(journal, batch)) {
    case Outcome::applied:
      return Progress::applied;
    case Outcome::not_applied:
      ++total_failures_;
      return wait(now_ms);
    case Outcome::unknown:
      asking_ = true;
      ++total_failures_;
      return ask(journal, batch, now_ms);
  }
  return Progress::impossible;
}

BatchSender::Progress BatchSender::agree(const JournalId& journal, uint64_t last, int64_t now_ms) {
  if (now_ms < retry_at_ms_) return Progress::waiting;
  const auto applied = sink_.applied_seq(journal);
  if (!applied) return wait(now_ms);
  answer_ = *applied;
  return answer_ == last ? Progress::applied : Progress::impossible;
}

BatchSender::Progress BatchSender::ask(const JournalId& journal, const Batch& batch, int64_t now_ms) {
  const auto applied = sink_.applied_seq(journal);
  if (!applied) return wait(now_ms);
  if (*applied == batch.sequence) return Progress::applied;
  answer_ = *applied;
  if (*applied + 1 != batch.sequence) return Progress::impossible;
  asking_ = false;
  // A recovered batch is sent at once; one whose answer was lost is retried after the back-off.
  if (attempted_) return wait(now_ms);
  retry_at_ms_ = now_ms;
  return Progress::waiting;
}

BatchSender::Progress BatchSender::wait(int64_t now_ms) {
  ++failures_;
  retry_at_ms_ = now_ms + backoff_.delay_ms(failures_, random_());
  return Progress::waiting;
}

}  // namespace roost::batcher
