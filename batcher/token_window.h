#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_set>

#include "batcher/sink.h"

namespace roost::batcher {

/// The tokens of likes acknowledged by this batcher within the last `memory_ms`, at most the newest `most`, so that a
/// repeat is answered without the sink. Tokens may be dropped, since the sink stores them too. Not thread-safe; times
/// are of one monotonic clock.
class TokenWindow {
 public:
  TokenWindow(int64_t memory_ms, size_t most) : memory_ms_(memory_ms), most_(most) {}

  /// A token that is known already keeps its time.
  void add(const LikeToken& token, int64_t now_ms) {
    forget_until(now_ms);
    if (most_ == 0 || !known_.insert(token).second) return;
    if (order_.size() == most_) forget_oldest();
    order_.push_back({token, now_ms + memory_ms_});
  }
  bool contains(const LikeToken& token, int64_t now_ms) {
    forget_until(now_ms);
    return known_.contains(token);
  }
  size_t size() const { return order_.size(); }

 private:
  struct Remembered {
    LikeToken token;
    int64_t until_ms;
  };
  struct Hash {
    size_t operator()(const LikeToken& token) const { return token.low ^ token.high; }
  };
  void forget_until(int64_t now_ms) {
    while (!order_.empty() && order_.front().until_ms <= now_ms) forget_oldest();
  }
  void forget_oldest() {
    known_.erase(order_.front().token);
    order_.pop_front();
  }
  const int64_t memory_ms_;
  const size_t most_;
  std::deque<Remembered> order_;
  std::unordered_set<LikeToken, Hash> known_;
};

}  // namespace roost::batcher
