#include "bench/eviction_policies.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace roost::bench;

namespace {

// The policy's hits, a letter for each request: h for a hit, '.' for a miss.
template <class Policy>
std::string hits_of(const std::string& requests, size_t entries) {
  Policy policy(entries, 26);
  std::string hits;
  for (const char letter : requests) hits += policy.request(static_cast<Key>(letter - 'a')) ? 'h' : '.';
  return hits;
}

Trace random_trace(unsigned seed, size_t length, Key keys) {
  std::mt19937 random(seed);
  Trace trace(length);
  for (Key& key : trace) key = std::min(random() % keys, random() % keys);
  return trace;
}

// The optimum by looking ahead at every eviction.
uint64_t optimal_hits_slowly(const Trace& trace, size_t entries) {
  std::vector<Key> kept;
  uint64_t hits = 0;
  for (size_t at = 0; at < trace.size(); ++at) {
    if (std::count(kept.begin(), kept.end(), trace[at]) != 0) {
      ++hits;
      continue;
    }
    kept.push_back(trace[at]);
    if (kept.size() <= entries) continue;
    const auto from = trace.begin() + static_cast<ptrdiff_t>(at) + 1;
    kept.erase(std::max_element(kept.begin(), kept.end(), [&](Key a, Key b) {
      return std::find(from, trace.end(), a) < std::find(from, trace.end(), b);
    }));
  }
  return hits;
}

}  // namespace

TEST_CASE("LRU drops what was asked for longest ago") {
  CHECK(hits_of<Lru>("abcadab", 3) == "...h.h.");
  CHECK(hits_of<Lru>("abcabc", 2) == "......");
}

TEST_CASE("CLOCK gives what was asked for another round") {
  // d meets a, which goes to the end with its bit cleared, and drops b; b drops c; c meets a again and drops d.
  CHECK(hits_of<Clock>("abcadabcad", 3) == "...h.h..h.");
}

TEST_CASE("SIEVE leaves what stays in its place") {
  // d passes a, drops b; the hand stays at c, so e drops c and a is still there; f drops d, the hand being behind it.
  CHECK(hits_of<Sieve>("abcadeafd", 3) == "...h..h..");
}

TEST_CASE("W-TinyLFU does not let a scan in") {
  WTinyLfu policy(10, 1000);
  for (int round = 0; round < 5; ++round) {
    for (Key key = 0; key < 9; ++key) policy.request(key);
  }
  for (Key key = 100; key < 200; ++key) CHECK_FALSE(policy.request(key));
  Key there = 0;
  for (Key key = 0; key < 9; ++key) there += policy.request(key) ? 1 : 0;
  CHECK(there == 9);
}

TEST_CASE("the optimum is what looking ahead at every eviction gives, and no policy beats it") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Trace trace = random_trace(seed, 400, 30);
    for (const size_t entries : {1, 2, 7, 29, 30}) {
      const uint64_t best = optimal_hits(trace, entries, 30);
      CHECK(best == optimal_hits_slowly(trace, entries));
      CHECK(count_hits<Lru>(trace, entries, 30) <= best);
      CHECK(count_hits<Clock>(trace, entries, 30) <= best);
      CHECK(count_hits<Sieve>(trace, entries, 30) <= best);
      CHECK(count_hits<WTinyLfu>(trace, entries, 30) <= best);
      CHECK(count_hits<S3FifoStore>(trace, entries, 30) <= best);
    }
  }
}

TEST_CASE("with room for every key each policy misses each key once") {
  const Trace trace = random_trace(1, 1000, 50);
  Trace keys = trace;
  std::sort(keys.begin(), keys.end());
  const auto distinct = static_cast<uint64_t>(std::unique(keys.begin(), keys.end()) - keys.begin());
  CHECK(count_hits<Lru>(trace, 50, 50) == 1000 - distinct);
  CHECK(count_hits<Clock>(trace, 50, 50) == 1000 - distinct);
  CHECK(count_hits<Sieve>(trace, 50, 50) == 1000 - distinct);
  CHECK(count_hits<WTinyLfu>(trace, 50, 50) == 1000 - distinct);
  CHECK(count_hits<S3FifoStore>(trace, 50, 50) == 1000 - distinct);
  CHECK(optimal_hits(trace, 50, 50) == 1000 - distinct);
}
