#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/cache/store.h"

namespace roost::cache {

/// A value that ReadThrough can cache: absent() marks a negative result, memory_bytes() is its charge.
template <class T>
concept Readable = requires(const T& value) {
  { value.absent() } -> std::convertible_to<bool>;
  { value.memory_bytes() } -> std::convertible_to<size_t>;
};

/// An immutable cached value, and when its load began (Clock::monotonic_ms): the value is at least as new as that.
template <class T>
struct Reading {
  std::shared_ptr<const T> value;
  int64_t loaded_at_ms = 0;
};

/// An asynchronous read-through cache, in front of a slow source that is read by key and that others may change, such
/// as a database. Each read passes the function that loads the value, and gets the result by callback.
///
///  - *Single flight*: one load at a time per key; concurrent reads of the key wait for it.
///  - *Leases*: a load that began before an invalidation answers the reads that came before it, but is neither cached
///    nor given to later reads. So a slow load never overwrites a newer value.
///  - *Negative entries*: absent values are cached too, with a TTL of their own.
///  - *Age*: the TTL counts from the beginning of the load, which each reading carries, so that caches behind this one
///    can account for it.
///  - *Bytes*: bounded by a Store, which removes expired entries first and then evicts by S3-FIFO.
///  - Errors are given to every waiting read, and not cached.
///
/// A key must always be read as the same T. Single-threaded: all calls, and the results of all loads, on one thread.
/// Loads under way must not call back after the cache is destroyed. docs/cache-library.md shows an example.
class ReadThrough {
 public:
  template <class T>
  using Done = UniqueFunction<void(Result<T>)>;

  struct Options {
    uint64_t limit_bytes = 64 << 20;  ///< of all entries, overhead included; one entry may have a sixteenth
    int64_t ttl_ms = 60'000;          ///< from the beginning of the load
    int64_t negative_ttl_ms = 5'000;  ///< the same for absent values
    size_t max_waiting = 16 * 1024;   ///< reads waiting for loads, over all keys; one more fails with a retryable error
  };

  /// A set of keys that can be invalidated at once. Every key belongs to one group, passed with each read and always
  /// the same. invalidate_group() is O(1); the memory is freed as the entries are read, expire or are evicted. Keys of
  /// kNoGroup can only be invalidated one by one.
  using Group = uint8_t;
  static constexpr Group kNoGroup = 0;
  static constexpr Group kMaxGroup = 15;

  /// bypass: always starts a new load; the result is cached.
  enum class Use : uint8_t { cached, bypass };

  /// Totals since construction; the last four are current values.
  struct Stats {
    uint64_t hits = 0;
    uint64_t negative_hits = 0;  ///< of those, hits on absent values
    uint64_t hit_age_ms = 0;     ///< sum of the ages of all hits
    uint64_t oldest_hit_ms = 0;  ///< greatest age of a hit
    uint64_t misses = 0;         ///< reads that started a load
    uint64_t joins = 0;          ///< reads that waited for a load under way
    uint64_t bypasses = 0;       ///< reads with Use::bypass
    uint64_t refusals = 0;       ///< reads refused at max_waiting
    uint64_t failures = 0;       ///< loads that failed
    uint64_t void_leases = 0;    ///< loads not cached because of an invalidation meanwhile
    uint64_t evictions = 0;      ///< entries removed for space
    uint64_t expirations = 0;    ///< entries removed after their TTL
    uint64_t bytes = 0;
    uint64_t entries = 0;
    uint64_t loading = 0;  ///< keys with a load under way that may be joined
    uint64_t waiting = 0;  ///< reads waiting for a load
  };

  /// `clock` outlives the cache.
  ReadThrough(const Options& options, const Clock& clock);
  ReadThrough(const ReadThrough&) = delete;
  ReadThrough& operator=(const ReadThrough&) = delete;

  /// The cached value, if there is a fresh one.
  template <Readable T>
  std::optional<Reading<T>> find(std::string_view key) {
    const auto any = find_any(key, type_of<T>());
    if (!any) return std::nullopt;
    return Reading<T>{std::static_pointer_cast<const T>(any->value), any->loaded_at_ms};
  }

  /// Calls `done` exactly once: with the cached value from inside this call, or later with the result of the load.
  /// `load(Done<T>)` starts the load; its argument must be called exactly once, and not from inside `load`. `done` may
  /// call the cache.
  template <Readable T, class Load>
  void get(std::string key, Group group, Use use, Load&& load, Done<Reading<T>> done) {
    if (use == Use::cached) {
      if (auto found = find<T>(key)) return done(std::move(*found));
    }
    auto flight = join(key, group, use, type_of<T>(), wrap(std::move(done)));
    if (!flight) return;  // joined a load under way, or was refused
    load(Done<T>([this, flight](Result<T> result) { land<T>(flight, std::move(result)); }));
  }

  /// Drops the entry of `key` and voids the lease of a load under way.
  void invalidate(std::string_view key);
  /// As invalidate() for every key of the group.
  void invalidate_group(Group group);
  /// Gives back the memory of all entries. Loads under way are cached all the same.
  void clear() { store_.clear(); }
  Stats stats() const;

 private:
  using AnyReading = Reading<void>;
  using AnyDone = UniqueFunction<void(Result<AnyReading>)>;
  class CachedReading;
  /// One load under way. It holds the key's lease as long as it is in flights_ and its group's generation is unchanged.
  struct Flight {
    std::string key;
    Group group;
    const void* type;
    uint64_t generation;
    int64_t began_ms;
    std::vector<AnyDone> waiting;
  };
  using FlightPtr = std::shared_ptr<Flight>;

  template <class T>
  static const void* type_of() {
    static const char tag = 0;
    return &tag;
  }
  template <class T>
  static AnyDone wrap(Done<Reading<T>> done) {
    return [done = std::move(done)](Result<AnyReading> any) mutable {
      if (!any) return done(tl::unexpected<Error>(std::move(any.error())));
      done(Reading<T>{std::static_pointer_cast<const T>(any->value), any->loaded_at_ms});
    };
  }
  template <class T>
  void land(const FlightPtr& flight, Result<T> result) {
    if (!result) {
      ++stats_.failures;
      return finish(*flight, tl::unexpected<Error>(std::move(result.error())));
    }
    auto value = std::make_shared<const T>(std::move(*result));
    keep(*flight, value, value->memory_bytes(), value->absent());
    finish(*flight, AnyReading{std::move(value), flight->began_ms});
  }

  std::optional<AnyReading> find_any(std::string_view key, const void* type);
  /// A new flight whose load the caller starts, or null if `done` waits for another one or was refused.
  FlightPtr join(const std::string& key, Group group, Use use, const void* type, AnyDone done);
  bool is_newest(const Flight& flight) const;
  bool lease_valid(const Flight& flight) const;
  void keep(const Flight& flight, std::shared_ptr<const void> value, size_t bytes, bool absent);
  void finish(Flight& flight, const Result<AnyReading>& result);

  const Options options_;
  const Clock& clock_;
  Store<CachedReading> store_;
  std::unordered_map<std::string, FlightPtr> flights_;  ///< the newest load of each key
  std::array<uint64_t, kMaxGroup + 1> generations_{};   ///< per group; that of kNoGroup stays 0
  size_t waiting_ = 0;
  Stats stats_;
};

}  // namespace roost::cache
