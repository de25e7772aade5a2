#include "batcher/journal_writer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace roost::batcher {

JournalWriter::JournalWriter(const Options& options, Clock& clock, std::unique_ptr<Journal> journal,
                             std::function<JournalState()> snapshot)
    : options_(options),
      clock_(clock),
      journal_(std::move(journal)),
      snapshot_(std::move(snapshot)),
      last_sync_ms_(clock.monotonic_ms()) {}

Result<void> JournalWriter::stage_likes(const LikeGroup& group) {
  payload_.clear();
  encode_likes(group.likes.pairs(), group.tokens, payload_);
  if (journal_->room_for_likes() < payload_.size()) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  if (journal_->room_for_likes() < payload_.size()) {
    return fail("more likes in one group than a segment holds", Side::internal, true, EAGAIN);
  }
  journal_->stage(FrameType::likes, payload_, group.first_unix_ms);
  return {};
}

Result<size_t> JournalWriter::room_for_batch() {
  Result<void> begun;
  if (!journal_->has_staged() && journal_->room_for_batch() < journal_limits(options_).reserve_bytes) {
    begun = begin_segment();
  }
  // On a full disk the rest of the reserve still takes a smaller batch.
  const uint64_t room = journal_->room_for_batch();
  constexpr size_t kKeyBytes = kMaxPairBytes + kMaxTokenBytes;  // As many tokens as keys.
  if (room < 3 * kMaxNumberBytes + kKeyBytes) {
    if (!begun) return tl::unexpected<Error>(std::move(begun).error());
    return fail("no room for a batch", Side::internal, true, EAGAIN);
  }
  return (room - 3 * kMaxNumberBytes) / kKeyBytes;
}

void JournalWriter::stage_batch(const Batch& batch) {
  payload_.clear();
  encode_batch(batch, payload_);
  journal_->stage(FrameType::batch, payload_, clock_.unix_ms());
}

bool JournalWriter::stage_applied(uint64_t sequence) {
  if (journal_->room_for_batch() < kMaxNumberBytes) return false;
  payload_.clear();
  encode_applied(sequence, payload_);
  journal_->stage(FrameType::applied, payload_, clock_.unix_ms());
  return true;
}

Result<void> JournalWriter::write(bool must_sync) {
  auto written = journal_->write();
  if (written && must_sync && journal_->has_unsynced()) written = journal_->sync();
  if (written && must_sync) last_sync_ms_ = clock_.monotonic_ms();
  if (!written) report(written.error());
  return written;
}

void JournalWriter::repair() {
  if (journal_->broken()) (void)begin_segment();
}

Result<void> JournalWriter::begin_segment() {
  const int64_t now_ms = clock_.monotonic_ms();
  if (now_ms < retry_segment_at_ms_) return tl::unexpected<Error>(segment_error_);
  auto begun = journal_->begin_segment(snapshot_(), clock_.unix_ms());
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

JournalUpkeep JournalWriter::upkeep() const {
  JournalUpkeep upkeep;
  upkeep.unsynced = journal_->has_unsynced();
  if (journal_->broken()) {
    upkeep.repair_due_ms = retry_segment_at_ms_;
    upkeep.poll_ms = options_.backoff.initial_ms;
  } else if (options_.durability == Durability::interval && upkeep.unsynced) {
    upkeep.sync_due_ms = last_sync_ms_ + options_.sync_interval_ms;
    upkeep.poll_ms = options_.sync_interval_ms;
  }
  return upkeep;
}

JournalStatus JournalWriter::status() const {
  JournalStatus status{journal_->syncs(), journal_->bytes(), rotations_, std::nullopt, retry_segment_at_ms_};
  if (segment_failures_ > 0) status.error = segment_error_;
  return status;
}

void JournalWriter::report(const Error& error) {
  if (options_.report) options_.report(error.what);
}

}  // namespace roost::batcher
