#include "proxy/limits/rate_table.h"

#include <algorithm>

#include <xxhash.h>

namespace roost::proxy {

RateTable::RateTable(size_t buckets, uint64_t seed)
    : sets_(std::max<size_t>(1, (buckets + kShards * kWays - 1) / (kShards * kWays))), seed_(seed) {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    shard.buckets.resize(sets_ * kWays);
  }
}

RequestRate::Decision RateTable::take(uint64_t client, uint32_t rule, const RequestRate& rate, int64_t now_us) {
  const std::array<uint64_t, 2> name = {client, rule};
  const uint64_t tag = XXH3_64bits_withSeed(name.data(), sizeof(name), seed_);
  Shard& shard = shards_[tag % kShards];
  const MutexLock lock(shard.mutex);
  Bucket* const first = &shard.buckets[tag / kShards % sets_ * kWays];
  Bucket* found = std::find_if(first, first + kWays, [&](const Bucket& bucket) { return bucket.tag == tag; });
  if (found == first + kWays) {
    found = std::min_element(first, first + kWays,
                             [](const Bucket& a, const Bucket& b) { return a.full_at_us < b.full_at_us; });
    *found = {tag, 0};
  }
  return rate.take(found->full_at_us, now_us);
}

}  // namespace roost::proxy
