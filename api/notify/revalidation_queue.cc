#include "api/notify/revalidation_queue.h"

#include <algorithm>

namespace roost::api {

void RevalidationQueue::forget_sent(int64_t now_ms) {
  while (!sent_order_.empty() && sent_order_.front().second + limits_.spacing_ms <= now_ms) {
    const auto found = sent_ms_.find(sent_order_.front().first);
    if (found != sent_ms_.end() && found->second == sent_order_.front().second) sent_ms_.erase(found);
    sent_order_.pop_front();
  }
}

void RevalidationQueue::add(int64_t id, int64_t now_ms) {
  forget_sent(now_ms);
  if (!waiting_.insert(id).second) {
    ++stats_.coalesced;
    return;
  }
  if (pending_.size() == limits_.max_pending) {
    waiting_.erase(pending_.front().entry.id);
    pending_.pop_front();
    ++stats_.lost;
  }
  const auto sent = sent_ms_.find(id);
  const int64_t not_before_ms = sent == sent_ms_.end() ? now_ms : sent->second + limits_.spacing_ms;
  pending_.push_back({{id, now_ms}, not_before_ms});
}

std::vector<RevalidationQueue::Entry> RevalidationQueue::take(size_t most, int64_t now_ms) {
  std::vector<Entry> taken;
  std::deque<Waiting> later;
  while (!pending_.empty() && taken.size() < most) {
    const Waiting next = pending_.front();
    pending_.pop_front();
    if (next.entry.since_ms + limits_.max_age_ms < now_ms) {
      waiting_.erase(next.entry.id);
      ++stats_.lost;
    } else if (next.not_before_ms > now_ms) {
      later.push_back(next);
    } else {
      waiting_.erase(next.entry.id);
      taken.push_back(next.entry);
      sent_ms_[next.entry.id] = now_ms;
      sent_order_.emplace_back(next.entry.id, now_ms);
    }
  }
  pending_.insert(pending_.begin(), later.begin(), later.end());
  return taken;
}

void RevalidationQueue::give_back(const std::vector<Entry>& entries) {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    sent_ms_.erase(entry->id);
    if (waiting_.contains(entry->id)) continue;  // added again meanwhile
    if (pending_.size() == limits_.max_pending) {
      ++stats_.lost;
      continue;
    }
    waiting_.insert(entry->id);
    pending_.push_front({*entry, entry->since_ms});
  }
}

int64_t RevalidationQueue::next_ms() const {
  if (pending_.empty()) return -1;
  const auto first = std::min_element(pending_.begin(), pending_.end(), [](const Waiting& a, const Waiting& b) {
    return a.not_before_ms < b.not_before_ms;
  });
  return first->not_before_ms;
}

}  // namespace roost::api
