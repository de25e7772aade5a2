#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace roost::api {

/// The revalidations that one proxy has not received yet, in order and bounded; see Revalidator for the rules. Time is
/// passed in. Not thread-safe.
class RevalidationQueue {
 public:
  struct Limits {
    int64_t spacing_ms;
    int64_t max_age_ms;
    size_t max_pending;
  };
  struct Stats {
    uint64_t coalesced = 0;
    uint64_t lost = 0;
  };
  struct Entry {
    int64_t id;        ///< of a tweet
    int64_t since_ms;  ///< when it was added
  };
  explicit RevalidationQueue(Limits limits) : limits_(limits) {}

  void add(int64_t id, int64_t now_ms);
  /// Takes at most `most` entries that may be sent now; they count as sent.
  std::vector<Entry> take(size_t most, int64_t now_ms);
  /// Sending failed: the entries are pending again, with their age.
  void give_back(const std::vector<Entry>& entries);
  /// When the next entry may be sent; -1 when none is pending.
  int64_t next_ms() const;
  size_t pending() const { return pending_.size(); }
  const Stats& stats() const { return stats_; }

 private:
  struct Waiting {
    Entry entry;
    int64_t not_before_ms;
  };
  void forget_sent(int64_t now_ms);

  Limits limits_;
  std::deque<Waiting> pending_;
  std::unordered_set<int64_t> waiting_;
  std::unordered_map<int64_t, int64_t> sent_ms_;  ///< those sent within the spacing
  std::deque<std::pair<int64_t, int64_t>> sent_order_;
  Stats stats_;
};

}  // namespace roost::api
