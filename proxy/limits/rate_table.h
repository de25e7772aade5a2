#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/mutex.h"
#include "proxy/limits/request_rate.h"

namespace roost::proxy {

/// The buckets of all clients: one per client address (address_key) and rule, a bounded number. A client without a
/// bucket has a full one. When a new bucket finds no place, the one that is full soonest of kWays gives up its own, so
/// that a client under its rate is forgotten before one that has spent its burst. Shared by all loops; any thread.
class RateTable {
 public:
  /// At most `buckets` (rounded up to a multiple of kShards * kWays), 16 bytes each. `seed`: secret, so that nobody
  /// chooses addresses that share places.
  RateTable(size_t buckets, uint64_t seed);

  /// Takes a request from the bucket of `client` for `rule`, a number of the caller's for `rate`.
  RequestRate::Decision take(uint64_t client, uint32_t rule, const RequestRate& rate, int64_t now_us);
  size_t capacity() const { return kShards * sets_ * kWays; }

  static constexpr size_t kShards = 16;
  static constexpr size_t kWays = 8;

 private:
  struct Bucket {
    uint64_t tag = 0;
    int64_t full_at_us = 0;
  };
  struct Shard {
    Mutex mutex;
    std::vector<Bucket> buckets ROOST_GUARDED_BY(mutex);
  };

  const size_t sets_;  // per shard
  const uint64_t seed_;
  std::array<Shard, kShards> shards_;
};

}  // namespace roost::proxy
