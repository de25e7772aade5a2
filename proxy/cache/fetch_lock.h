#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/mutex.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/fetch.h"

namespace roost::proxy {

/// The fetches under way: at most one per key, whatever the number of clients and threads. Any thread.
///
/// The life of a shared fetch, as its leader drives it:
///
///     look up, nothing usable ─> join() ─ leads ─> look up once more, since another may have stored it in between
///                                  │               and closed ─> ask a backend
///                                  └ else wait ─> Fetch::wait(), then Fetch::read() at every event
///     head may be shared ─> publish_head(), append()…, store, close(), complete()
///     body too large     ─> close(), stop_keeping(), then append()… as fast as it is read, complete()
///     head may not       ─> HttpCache::remember_uncacheable(), close(), end(uncacheable)
///     leader gives up    ─> close(), end(abandoned): the waiters join() again, the first of them leads
///     backend failed     ─> close(), end(failed): for all waiters, none tries again
///
/// Storing comes before close(), so that a new request finds either the stored response or the fetch.
class FetchLock {
 public:
  /// Fetches listed at most. Beyond that a fetch has its leader alone, and since a purge would not find it, it is not
  /// stored.
  static constexpr size_t kMaxRunning = 64 * 1024;

  /// `account` counts the blocks of the fetches, and outlives them.
  explicit FetchLock(BlockAccount* account = nullptr) : account_(account) {}

  struct Joined {
    FetchRef fetch;
    bool leads = false;  ///< this caller fetches, and must end the fetch by complete() or end(), then close()
  };
  /// Joins the fetch under way for `key`, or begins one at `now_us`. A fetch that began before `not_before_us`, the
  /// last invalidation of the resource, is replaced: it goes on for its waiters and is not stored.
  Joined join(const CacheKey& key, int64_t now_us = 0, int64_t not_before_us = 0);
  /// Takes the fetch off the list: it has ended, or will not be stored. Before its end is published, so that waiters
  /// that join again find the key free.
  void close(const CacheKey& key, const Fetch& fetch);
  /// Before a purge of the key's URL: fetches of it and of its variants still answer their waiters, but are taken off
  /// the list and not stored (Fetch::spoiled()).
  void spoil(const CacheKey& key);
  /// The same for every URL that begins with this one.
  void spoil_prefix(const CacheKey& prefix);
  /// The same for every fetch whose response has the tag, or has no head yet.
  void spoil_tag(std::string_view tag);
  size_t size() const;

 private:
  static constexpr size_t kShards = 16;
  static constexpr size_t kMaxPerShard = kMaxRunning / kShards;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const;
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<std::string, FetchRef, Hash, std::equal_to<>> running ROOST_GUARDED_BY(mutex);
  };
  /// By the key's URL, so that its variants stand together.
  Shard& shard_of(const CacheKey& key);
  template <class Predicate>
  void spoil_in(Shard& shard, Predicate matches);
  BlockAccount* const account_;
  std::array<Shard, kShards> shards_;
};

}  // namespace roost::proxy
