#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace roost::api {

/// What one proxy is still to be told, in order and bounded; see Revalidator for the rules. Time is passed in. Not
/// thread-safe.
class RevalidationQueue {
 public:
  struct Limits {
    int64_t spacing_ms;
    int64_t worthless_ms;
    size_t max_pending;
  };
  struct Stats {
    uint64_t coalesced = 0;
    uint64_t lost = 0;
  };
  struct Word {
    int64_t id;
    int64_t since_ms;  ///< when it was added
  };
  explicit RevalidationQueue(Limits limits) : limits_(limits) {}

  void add(int64_t id, int64_t now_ms);
  /// Takes at most `most` words that may be told now; they count as told.
  std::vector<Word> take(size_t most, int64_t now_ms);
  /// What was taken was not heard: it waits again, as old as it was.
  void give_back(const std::vector<Word>& words);
  /// When the next id may be told; -1 when none waits.
  int64_t next_ms() const;
  size_t pending() const { return pending_.size(); }
  const Stats& stats() const { return stats_; }

 private:
  struct Waiting {
    Word word;
    int64_t not_before_ms;
  };
  void forget_told(int64_t now_ms);

  Limits limits_;
  std::deque<Waiting> pending_;
  std::unordered_set<int64_t> waiting_;
  std::unordered_map<int64_t, int64_t> told_ms_;  ///< those told within the spacing
  std::deque<std::pair<int64_t, int64_t>> told_order_;
  Stats stats_;
};

}  // namespace roost::api
