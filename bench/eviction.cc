// Hit ratios of eviction policies on one trace: eviction PERCENT[,PERCENT…] (zipf | scan | loop | <KEYS)
//
// KEYS on standard input are 8-byte integers in native byte order. Prints "requests N", "keys N", and for each size, a
// percentage of the distinct keys, "POLICY PERCENT HITS". Called by bench/eviction.py.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <unordered_map>

#include "bench/eviction_policies.h"

namespace {

using namespace roost::bench;

/// Keys with a Zipf distribution: the n-th most popular is requested in proportion to 1/n^exponent.
class Zipf {
 public:
  Zipf(size_t keys, double exponent) : sums_(keys) {
    double sum = 0;
    for (size_t i = 0; i < keys; ++i) sums_[i] = sum += 1 / std::pow(static_cast<double>(i + 1), exponent);
  }
  uint64_t operator()(std::mt19937_64& random) const {
    const double at = static_cast<double>(random() >> 11) * 0x1p-53 * sums_.back();
    return static_cast<uint64_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

// Popular keys only.
std::vector<uint64_t> zipf_keys() {
  std::mt19937_64 random(1);
  const Zipf zipf(100'000, 0.9);
  std::vector<uint64_t> keys(1'000'000);
  for (uint64_t& key : keys) key = zipf(random);
  return keys;
}

// The same with occasional scans: 2,000 consecutive keys that are never requested again.
std::vector<uint64_t> scan_keys() {
  std::mt19937_64 random(2);
  const Zipf zipf(100'000, 0.9);
  std::vector<uint64_t> keys;
  uint64_t fresh = 100'000;
  while (keys.size() < 1'000'000) {
    for (int i = 0; i < 8'000; ++i) keys.push_back(zipf(random));
    for (int i = 0; i < 2'000; ++i) keys.push_back(fresh++);
  }
  return keys;
}

// A loop over all keys, interleaved with requests for popular ones.
std::vector<uint64_t> loop_keys() {
  std::mt19937_64 random(3);
  const Zipf zipf(20'000, 0.9);
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 500'000; ++i) {
    keys.push_back(20'000 + i % 10'000);
    keys.push_back(zipf(random));
  }
  return keys;
}

std::vector<uint64_t> read_keys() {
  std::vector<uint64_t> keys;
  std::array<uint64_t, 8192> buffer;
  while (const size_t got = std::fread(buffer.data(), sizeof(uint64_t), buffer.size(), stdin)) {
    keys.insert(keys.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(got));
  }
  return keys;
}

/// Numbers them from 0 in order of appearance; returns how many there are.
size_t number_keys(const std::vector<uint64_t>& keys, Trace& trace) {
  std::unordered_map<uint64_t, Key> numbers;
  trace.reserve(keys.size());
  for (const uint64_t key : keys) trace.push_back(numbers.emplace(key, numbers.size()).first->second);
  return numbers.size();
}

void print_hits(const Trace& trace, size_t keys, double percent) {
  const auto entries = std::max<size_t>(1, static_cast<size_t>(static_cast<double>(keys) * percent / 100));
  auto print = [percent](const char* policy, uint64_t hits) {
    std::printf("%s %g %llu\n", policy, percent, static_cast<unsigned long long>(hits));
    std::fflush(stdout);
  };
  print("S3-FIFO", count_hits<S3FifoStore>(trace, entries, keys));
  print("LRU", count_hits<Lru>(trace, entries, keys));
  print("CLOCK", count_hits<Clock>(trace, entries, keys));
  print("SIEVE", count_hits<Sieve>(trace, entries, keys));
  print("W-TinyLFU", count_hits<WTinyLfu>(trace, entries, keys));
  print("optimum", optimal_hits(trace, entries, keys));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count > 3) {
    std::fprintf(stderr, "usage: eviction PERCENT[,PERCENT...] [zipf | scan | loop], or keys on standard input\n");
    return 2;
  }
  const std::string source = count == 3 ? arguments[2] : "";
  std::vector<uint64_t> keys = source == "zipf"   ? zipf_keys()
                               : source == "scan" ? scan_keys()
                               : source == "loop" ? loop_keys()
                               : source.empty()   ? read_keys()
                                                  : std::vector<uint64_t>();
  if (keys.empty()) {
    std::fprintf(stderr, "eviction: no keys%s%s\n", source.empty() ? " on standard input" : " for ", source.c_str());
    return 2;
  }
  Trace trace;
  const size_t distinct = number_keys(keys, trace);
  std::printf("requests %zu\nkeys %zu\n", trace.size(), distinct);
  for (const char* at = arguments[1]; *at != '\0';) {
    char* end = nullptr;
    const double percent = std::strtod(at, &end);
    if (end == at || percent <= 0 || percent > 100) {
      std::fprintf(stderr, "eviction: \"%s\" is no percentage\n", at);
      return 2;
    }
    print_hits(trace, distinct, percent);
    at = *end == ',' ? end + 1 : end;
  }
  return 0;
}
