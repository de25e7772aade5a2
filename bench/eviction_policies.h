#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

#include "common/cache/hash.h"
#include "common/cache/store.h"

/// Eviction policies whose hit ratios are compared, on traces of keys that are numbered from 0 and of equal size. Each
/// is constructed for a number of entries and of keys; request(key) returns whether the key was present, and inserts it
/// if not. All but S3-FIFO, which is the product's store, exist for this comparison only: simple, not fast.
namespace roost::bench {

using Key = uint32_t;
using Trace = std::vector<Key>;

/// Doubly linked lists of keys; each key is in one at most. The anchors of the lists follow the keys.
class KeyLists {
 public:
  static constexpr unsigned kNone = std::numeric_limits<unsigned>::max();
  KeyLists(size_t keys, unsigned lists) : keys_(keys), nodes_(keys + lists), sizes_(lists) {
    for (size_t anchor = keys; anchor < nodes_.size(); ++anchor) nodes_[anchor].next = nodes_[anchor].previous = anchor;
  }
  /// The list a key is in, or kNone.
  unsigned list_of(Key key) const { return nodes_[key].list; }
  size_t size(unsigned list) const { return sizes_[list]; }
  Key oldest(unsigned list) const { return static_cast<Key>(nodes_[keys_ + list].next); }
  /// The next newer one in the same list, or the list's end().
  size_t newer(size_t key) const { return nodes_[key].next; }
  size_t end(unsigned list) const { return keys_ + list; }
  /// Moves the key to the front of the list, out of the one it was in.
  void put(unsigned list, Key key) {
    remove(key);
    const size_t anchor = keys_ + list;
    nodes_[key] = {anchor, nodes_[anchor].previous, list};
    nodes_[nodes_[anchor].previous].next = key;
    nodes_[anchor].previous = key;
    ++sizes_[list];
  }
  void remove(Key key) {
    Node& node = nodes_[key];
    if (node.list == kNone) return;
    nodes_[node.previous].next = node.next;
    nodes_[node.next].previous = node.previous;
    --sizes_[node.list];
    node.list = kNone;
  }

 private:
  struct Node {
    size_t next = 0, previous = 0;
    unsigned list = kNone;
  };
  size_t keys_;
  std::vector<Node> nodes_;
  std::vector<size_t> sizes_;
};

/// Evicts the least recently used.
class Lru {
 public:
  Lru(size_t entries, size_t keys) : entries_(entries), lists_(keys, 1) {}
  bool request(Key key) {
    const bool hit = lists_.list_of(key) == 0;
    lists_.put(0, key);
    if (lists_.size(0) > entries_) lists_.remove(lists_.oldest(0));
    return hit;
  }

 private:
  size_t entries_;
  KeyLists lists_;
};

/// First in, first out, with a second chance for keys requested since their last inspection (one bit).
class Clock {
 public:
  Clock(size_t entries, size_t keys) : entries_(entries), lists_(keys, 1), asked_(keys) {}
  bool request(Key key) {
    if (lists_.list_of(key) == 0) {
      asked_[key] = 1;
      return true;
    }
    while (lists_.size(0) >= entries_) {
      const Key oldest = lists_.oldest(0);
      if (std::exchange(asked_[oldest], 0) != 0) {
        lists_.put(0, oldest);
      } else {
        lists_.remove(oldest);
      }
    }
    lists_.put(0, key);
    return false;
  }

 private:
  size_t entries_;
  KeyLists lists_;
  std::vector<char> asked_;
};

/// SIEVE (Zhang et al., NSDI 2024): like CLOCK, but survivors keep their place, and the hand moves from the oldest to
/// the newest.
class Sieve {
 public:
  Sieve(size_t entries, size_t keys) : entries_(entries), lists_(keys, 1), asked_(keys), hand_(lists_.end(0)) {}
  bool request(Key key) {
    if (lists_.list_of(key) == 0) {
      asked_[key] = 1;
      return true;
    }
    if (lists_.size(0) >= entries_) evict();
    lists_.put(0, key);
    return false;
  }

 private:
  void evict() {
    for (;; hand_ = lists_.newer(hand_)) {
      if (hand_ == lists_.end(0)) hand_ = lists_.oldest(0);
      if (std::exchange(asked_[hand_], 0) == 0) break;
    }
    const Key victim = static_cast<Key>(hand_);
    hand_ = lists_.newer(hand_);
    lists_.remove(victim);
  }
  size_t entries_;
  KeyLists lists_;
  std::vector<char> asked_;
  size_t hand_;
};

/// Recent request frequency of a key: a count-min sketch of four rows of counters up to 15, halved after ten requests
/// per entry.
class FrequencySketch {
 public:
  explicit FrequencySketch(size_t entries)
      : mask_(std::bit_ceil(std::max<size_t>(entries, 4)) * 4 - 1), period_(entries * 10) {
    for (auto& row : rows_) row.resize(mask_ + 1);
  }
  void add(Key key) {
    for (size_t row = 0; row < kRows; ++row) {
      uint8_t& counter = rows_[row][slot(key, row)];
      if (counter < 15) ++counter;
    }
    if (++added_ < period_) return;
    added_ = 0;
    for (auto& row : rows_) {
      for (uint8_t& counter : row) counter /= 2;
    }
  }
  unsigned estimate(Key key) const {
    unsigned least = 15;
    for (size_t row = 0; row < kRows; ++row) least = std::min<unsigned>(least, rows_[row][slot(key, row)]);
    return least;
  }

 private:
  static constexpr size_t kRows = 4;
  size_t slot(Key key, size_t row) const {
    uint64_t mixed = (uint64_t{key} + 1) * 0x9e3779b97f4a7c15 + row * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 31) * 0x94d049bb133111eb;
    return (mixed ^ mixed >> 29) & mask_;
  }
  size_t mask_;
  size_t period_;
  size_t added_ = 0;
  std::array<std::vector<uint8_t>, kRows> rows_;
};

/// W-TinyLFU (Einziger, Friedman, Manes, ACM ToS 2017) with a window of 1%: a new key passes through a small LRU window
/// and is then admitted only if it is more frequent than the victim of main, a segmented LRU with 80% protected. The
/// window does not adapt.
class WTinyLfu {
 public:
  WTinyLfu(size_t entries, size_t keys)
      : window_entries_(std::max<size_t>(1, entries / 100)),
        main_entries_(entries - std::min(entries, window_entries_)),
        protected_entries_(main_entries_ * 8 / 10),
        lists_(keys, 3),
        sketch_(entries) {}
  bool request(Key key) {
    sketch_.add(key);
    const unsigned list = lists_.list_of(key);
    if (list == KeyLists::kNone) {
      lists_.put(kWindow, key);
      if (lists_.size(kWindow) > window_entries_) admit(lists_.oldest(kWindow));
      return false;
    }
    lists_.put(list == kWindow ? kWindow : kProtected, key);
    if (lists_.size(kProtected) > protected_entries_) lists_.put(kProbation, lists_.oldest(kProtected));
    return true;
  }

 private:
  enum : unsigned { kWindow, kProbation, kProtected };
  void admit(Key candidate) {
    if (lists_.size(kProbation) + lists_.size(kProtected) < main_entries_) return lists_.put(kProbation, candidate);
    if (main_entries_ == 0) return lists_.remove(candidate);
    const Key victim = lists_.oldest(lists_.size(kProbation) > 0 ? kProbation : kProtected);
    if (sketch_.estimate(candidate) <= sketch_.estimate(victim)) return lists_.remove(candidate);
    lists_.remove(victim);
    lists_.put(kProbation, candidate);
  }
  size_t window_entries_;
  size_t main_entries_;
  size_t protected_entries_;
  KeyLists lists_;
  FrequencySketch sketch_;
};

/// The product's store, its S3-FIFO and ghost table included, with one shard.
class S3FifoStore {
 public:
  S3FifoStore(size_t entries, size_t /*keys*/)
      : store_({.limit_bytes = entries * kCharge, .max_entry_bytes = kCharge, .shards = 1}) {}
  bool request(Key key) {
    const std::string_view text(reinterpret_cast<const char*>(&key), sizeof(key));
    const uint64_t hash = cache::hash_key(text);
    if (store_.find(text, hash, 0)) return true;
    store_.insert(cache::Ref<TracedEntry>::make({}, key, hash), 0);
    return false;
  }

 private:
  static constexpr uint64_t kCharge = 1000 + cache::Entry::kIndexBytes;
  class TracedEntry final : public cache::Entry {
   public:
    TracedEntry(Key key, uint64_t hash)
        : Entry({reinterpret_cast<const char*>(&key_), sizeof(key_)}, hash, 1000, cache::kNeverExpires), key_(key) {}

   private:
    Key key_;
  };
  cache::Store<TracedEntry> store_;
};

/// The optimum (Belady 1966): evicts the key whose next request is furthest away, the new one included. Knows the whole
/// trace in advance.
inline uint64_t optimal_hits(const Trace& trace, size_t entries, size_t keys) {
  constexpr size_t kNever = std::numeric_limits<size_t>::max();
  std::vector<size_t> next_use(trace.size()), due(keys, kNever);
  for (size_t at = trace.size(); at-- > 0;) next_use[at] = std::exchange(due[trace[at]], at);
  std::fill(due.begin(), due.end(), 0);  // from here on: next request of a cached key, 0 if not cached
  std::priority_queue<std::pair<size_t, Key>> latest;
  uint64_t hits = 0;
  size_t kept = 0;
  for (size_t at = 0; at < trace.size(); ++at) {
    const Key key = trace[at];
    const bool hit = due[key] != 0;
    hits += hit;
    kept += !hit;
    due[key] = next_use[at];
    latest.emplace(due[key], key);
    while (kept > entries) {
      const auto [when, victim] = latest.top();
      latest.pop();
      if (due[victim] != when) continue;  // requested since
      due[victim] = 0;
      --kept;
    }
  }
  return hits;
}

template <class Policy>
uint64_t count_hits(const Trace& trace, size_t entries, size_t keys) {
  Policy policy(entries, keys);
  uint64_t hits = 0;
  for (const Key key : trace) hits += policy.request(key);
  return hits;
}

}  // namespace roost::bench
