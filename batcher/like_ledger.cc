#include "batcher/like_ledger.h"

#include <algorithm>

#include "common/base/check.h"

namespace roost::batcher {
namespace {

bool by_key(const KeyDelta& a, const KeyDelta& b) {
  return a.key < b.key;
}

int64_t delta_of(const Batch& batch, int64_t key) {
  const auto at = std::lower_bound(batch.deltas.begin(), batch.deltas.end(), KeyDelta{key, 0}, by_key);
  return at != batch.deltas.end() && at->key == key ? at->delta : 0;
}

}  // namespace

void LikeLedger::restore(const JournalState& state, int64_t now_ms) {
  ROOST_CHECK(total_pending_ == 0 && last_sequence_ == 0);
  last_sequence_ = state.last_sequence;
  in_flight_ = state.in_flight;
  if (in_flight_) {
    for (const KeyDelta& delta : in_flight_->deltas) total_pending_ += delta.delta;
  }
  add(state.open, now_ms, state.open_tokens);
}

void LikeLedger::add(const std::vector<KeyDelta>& likes, int64_t now_ms, const std::vector<TokenedLike>& tokens) {
  open_tokens_.add(tokens);
  for (const KeyDelta& like : likes) {
    auto [at, is_new] = open_.try_emplace(like.key);
    Open& entry = at->second;
    if (is_new) {
      entry.key = like.key;
      entry.since_ms = now_ms;
      by_age_.push_back(entry);
    }
    entry.count += like.delta;
    total_pending_ += like.delta;
    note_count(entry);
  }
}

void LikeLedger::note_count(Open& entry) {
  const bool listed = static_cast<ListLink<ByCount>&>(entry).linked();
  if (!listed && entry.count > policy_.max_pending) by_count_.push_back(entry);
}

std::optional<Batch> LikeLedger::select_batch(int64_t now_ms, size_t max_keys, bool all) const {
  if (in_flight_ || max_keys == 0) return std::nullopt;
  Batch batch;
  batch.sequence = last_sequence_ + 1;
  for (Open* entry = by_count_.front(); entry != nullptr && batch.deltas.size() < max_keys;
       entry = by_count_.next(*entry)) {
    batch.deltas.push_back({entry->key, entry->count});
  }
  for (Open* entry = by_age_.front(); entry != nullptr && batch.deltas.size() < max_keys;
       entry = by_age_.next(*entry)) {
    if (!all && !policy_.is_due(entry->count, entry->since_ms, now_ms)) break;
    if (static_cast<const ListLink<ByCount>&>(*entry).linked()) continue;
    batch.deltas.push_back({entry->key, entry->count});
  }
  if (batch.deltas.empty()) return std::nullopt;
  std::sort(batch.deltas.begin(), batch.deltas.end(), by_key);
  open_tokens_.attach_to(batch, max_keys);
  return batch;
}

void LikeLedger::begin_batch(Batch batch, int64_t now_ms) {
  ROOST_CHECK(!in_flight_ && batch.sequence == last_sequence_ + 1);
  for (const KeyDelta& delta : batch.deltas) take(delta, now_ms);
  ROOST_CHECK(open_tokens_.take(batch.tokens));
  last_sequence_ = batch.sequence;
  in_flight_ = std::move(batch);
}

void LikeLedger::take(const KeyDelta& delta, int64_t now_ms) {
  const auto at = open_.find(delta.key);
  ROOST_CHECK(at != open_.end() && at->second.count >= delta.delta);
  Open& entry = at->second;
  entry.count -= delta.delta;
  if (entry.count == 0) {
    open_.erase(at);
    return;
  }
  // The rest arrived after the batch was selected, or its tokens did not fit: its age starts anew.
  entry.since_ms = now_ms;
  static_cast<ListLink<ByAge>&>(entry).unlink();
  by_age_.push_back(entry);
  static_cast<ListLink<ByCount>&>(entry).unlink();
  note_count(entry);
}

void LikeLedger::mark_applied() {
  ROOST_CHECK(in_flight_.has_value());
  for (const KeyDelta& delta : in_flight_->deltas) total_pending_ -= delta.delta;
  in_flight_->tokens = {};
  applied_.push_back(std::move(*in_flight_));
  in_flight_.reset();
  if (applied_.size() > kRemembered) applied_.pop_front();
}

bool LikeLedger::has_due(int64_t now_ms) const {
  if (!by_count_.empty()) return true;
  const Open* oldest = by_age_.front();
  return oldest != nullptr && policy_.is_due(oldest->count, oldest->since_ms, now_ms);
}

std::optional<int64_t> LikeLedger::oldest_ms() const {
  const Open* oldest = by_age_.front();
  if (oldest == nullptr) return std::nullopt;
  return oldest->since_ms;
}

int64_t LikeLedger::pending(int64_t key) const {
  const auto at = open_.find(key);
  return (at == open_.end() ? 0 : at->second.count) + (in_flight_ ? delta_of(*in_flight_, key) : 0);
}

int64_t LikeLedger::pending_after(int64_t key, uint64_t applied_seq) const {
  int64_t count = pending(key);
  if (in_flight_ && in_flight_->sequence <= applied_seq) count -= delta_of(*in_flight_, key);
  for (auto batch = applied_.rbegin(); batch != applied_.rend() && batch->sequence > applied_seq; ++batch) {
    count += delta_of(*batch, key);
  }
  return count;
}

JournalState LikeLedger::state() const {
  JournalState state;
  state.last_sequence = last_sequence_;
  state.in_flight = in_flight_;
  state.open.reserve(open_.size());
  for (const auto& [key, entry] : open_) state.open.push_back({key, entry.count});
  std::sort(state.open.begin(), state.open.end(), by_key);
  state.open_tokens = open_tokens_.list();
  return state;
}

}  // namespace roost::batcher
