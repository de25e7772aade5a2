#include "api/tweets/like_sink.h"

#include <vector>

namespace roost::api {

static_assert(LikeStore::kRememberMs >= batcher::Sink::kSinkRemembersMs);

batcher::Outcome LikeSink::apply(const batcher::JournalId& journal, const batcher::Batch& batch) {
  std::vector<LikeDelta> deltas;
  deltas.reserve(batch.deltas.size());
  for (const batcher::KeyDelta& delta : batch.deltas) deltas.push_back({delta.key, delta.delta});
  std::vector<LikeOnce> once;
  once.reserve(batch.tokens.size());
  for (const auto& [key, token] : batch.tokens) {
    once.push_back({key, static_cast<int64_t>(token.high), static_cast<int64_t>(token.low)});
  }
  const ApplyAnswer answer = store_.apply(journal.hex(), batch.sequence, deltas, once);
  if (answer.outcome == ApplyOutcome::applied) return batcher::Outcome::applied;
  events_.warning("likes not applied", {{"journal", journal.hex()}, {"batch", batch.sequence}, {"why", answer.why}});
  return answer.outcome == ApplyOutcome::unknown ? batcher::Outcome::unknown : batcher::Outcome::not_applied;
}

Result<uint64_t> LikeSink::applied_seq(const batcher::JournalId& journal) {
  return store_.applied_seq(journal.hex());
}

Result<void> LikeSink::forget(const batcher::JournalId& journal) {
  return store_.forget(journal.hex());
}

}  // namespace roost::api
