#include "api/notify/revalidation_queue.h"

#include <algorithm>

namespace roost::api {

void RevalidationQueue::forget_told(int64_t now_ms) {
  while (!told_order_.empty() && told_order_.front().second + limits_.spacing_ms <= now_ms) {
    const auto found = told_ms_.find(told_order_.front().first);
    if (found != told_ms_.end() && found->second == told_order_.front().second) told_ms_.erase(found);
    told_order_.pop_front();
  }
}

void RevalidationQueue::add(int64_t id, int64_t now_ms) {
  forget_told(now_ms);
  if (!waiting_.insert(id).second) {
    ++stats_.coalesced;
    return;
  }
  if (pending_.size() == limits_.max_pending) {
    waiting_.erase(pending_.front().word.id);
    pending_.pop_front();
    ++stats_.lost;
  }
  const auto told = told_ms_.find(id);
  const int64_t not_before_ms = told == told_ms_.end() ? now_ms : told->second + limits_.spacing_ms;
  pending_.push_back({{id, now_ms}, not_before_ms});
}

std::vector<RevalidationQueue::Word> RevalidationQueue::take(size_t most, int64_t now_ms) {
  std::vector<Word> taken;
  std::deque<Waiting> later;
  while (!pending_.empty() && taken.size() < most) {
    const Waiting next = pending_.front();
    pending_.pop_front();
    if (next.word.since_ms + limits_.worthless_ms < now_ms) {
      waiting_.erase(next.word.id);
      ++stats_.lost;
    } else if (next.not_before_ms > now_ms) {
      later.push_back(next);
    } else {
      waiting_.erase(next.word.id);
      taken.push_back(next.word);
      told_ms_[next.word.id] = now_ms;
      told_order_.emplace_back(next.word.id, now_ms);
    }
  }
  pending_.insert(pending_.begin(), later.begin(), later.end());
  return taken;
}

void RevalidationQueue::give_back(const std::vector<Word>& words) {
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    told_ms_.erase(word->id);
    if (waiting_.contains(word->id)) continue;  // said again meanwhile
    if (pending_.size() == limits_.max_pending) {
      ++stats_.lost;
      continue;
    }
    waiting_.insert(word->id);
    pending_.push_front({*word, word->since_ms});
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
