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

/// What a ReadThrough can keep: it says whether it stands for "nothing there", and how many bytes it holds.
template <class T>
concept Readable = requires(const T& value) {
  { value.absent() } -> std::convertible_to<bool>;
  { value.memory_bytes() } -> std::convertible_to<size_t>;
};

/// What a cache hands out: a value that nobody changes any more, and when the load that brought it began
/// (Clock::monotonic_ms): it is at least as new as that.
template <class T>
struct Reading {
  std::shared_ptr<const T> value;
  int64_t loaded_at_ms = 0;
};

/// A cache in front of something slow that is read by key and changed by others as well: a database, a file, a
/// service. It knows neither; how to load is said with each read, and the answer comes by callback.
///
///  - *Single flight*: one load at a time per key; whoever asks meanwhile waits for it.
///  - *Leases*: a load that began before an invalidation answers those who asked before, and is neither kept nor shown
///    to anyone who asks after. So a slow load never overwrites what came after it.
///  - *Negative entries*: "nothing there" is kept too, for a time of its own.
///  - *Age*: a reading tells when its load began, and lives from then on, so that whoever keeps it further can count.
///  - *Bytes*: bounded by a Store; what is too old goes first, then what S3-FIFO chooses.
///  - Errors go to everybody who waits, and are not kept.
///
/// One key is always read as the same T. One thread, that of all calls and of all loads' answers. Loads under way when
/// the cache is destroyed must not answer any more. docs/cache-library.md shows it in use.
class ReadThrough {
 public:
  template <class T>
  using Done = UniqueFunction<void(Result<T>)>;

  struct Options {
    uint64_t limit_bytes = 64 << 20;  ///< of all entries, the cache's own bytes included; one may have a sixteenth
    int64_t ttl_ms = 60'000;          ///< from the load's beginning
    int64_t negative_ttl_ms = 5'000;  ///< the same for what is absent
    size_t max_waiting = 16 * 1024;   ///< reads waiting for loads, all keys together; one more fails, retryable
  };

  /// Many keys to drop at once: every key belongs to one group, always the same, which is told with each read.
  /// invalidate_group() costs one addition, whatever the
  /// group holds; the bytes are freed as the keys are asked for, expire or make room. kNoGroup is dropped key by key
  /// only.
  using Group = uint8_t;
  static constexpr Group kNoGroup = 0;
  static constexpr Group kMaxGroup = 15;

  /// bypass: neither from the cache nor from a load that has begun already; the result is kept.
  enum class Use : uint8_t { cached, bypass };

  /// Figures since the cache was made, but for the last four, which are what it holds now.
  struct Stats {
    uint64_t hits = 0;
    uint64_t negative_hits = 0;  ///< of those, what was kept is "nothing there"
    uint64_t hit_age_ms = 0;     ///< how old what hits gave was, in sum
    uint64_t oldest_hit_ms = 0;  ///< and at most
    uint64_t misses = 0;         ///< that started a load
    uint64_t joins = 0;          ///< that waited for a load under way
    uint64_t bypasses = 0;       ///< that started a load whatever was there
    uint64_t refusals = 0;       ///< at max_waiting
    uint64_t failures = 0;       ///< loads that brought an error
    uint64_t void_leases = 0;    ///< loads whose result came too late to be kept
    uint64_t evictions = 0;      ///< entries that made room before their time
    uint64_t expirations = 0;    ///< entries whose time was over
    uint64_t bytes = 0;
    uint64_t entries = 0;
    uint64_t loading = 0;  ///< keys with a load under way that may be joined
    uint64_t waiting = 0;  ///< reads that wait
  };

  /// `clock` outlives the cache.
  ReadThrough(const Options& options, const Clock& clock);
  ReadThrough(const ReadThrough&) = delete;
  ReadThrough& operator=(const ReadThrough&) = delete;

  /// What is there and fresh, else nothing.
  template <Readable T>
  std::optional<Reading<T>> find(std::string_view key) {
    const auto any = find_any(key, type_of<T>());
    if (!any) return std::nullopt;
    return Reading<T>{std::static_pointer_cast<const T>(any->value), any->loaded_at_ms};
  }

  /// Calls `done` with what is there, within the call, or with what `load` brings, later; exactly once. `load(Done<T>)`
  /// starts the load and must see to it that its argument is called exactly once, not within itself. `done` may use the
  /// cache.
  template <Readable T, class Load>
  void get(std::string key, Group group, Use use, Load&& load, Done<Reading<T>> done) {
    if (use == Use::cached) {
      if (auto found = find<T>(key)) return done(std::move(*found));
    }
    auto flight = join(key, group, use, type_of<T>(), wrap(std::move(done)));
    if (!flight) return;  // an older load answers, or there are too many
    load(Done<T>([this, flight](Result<T> result) { land<T>(flight, std::move(result)); }));
  }

  /// What was read of `key` is no longer so.
  void invalidate(std::string_view key);
  /// What was read of any key of the group is no longer so.
  void invalidate_group(Group group);
  Stats stats() const;

 private:
  using AnyReading = Reading<void>;
  using AnyDone = UniqueFunction<void(Result<AnyReading>)>;
  class CachedReading;
  /// One load under way. As long as it stands in flights_ and its group has not moved on, it holds the key's lease.
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
  /// A new flight for the caller to start, or null when `done` waits for another one or was refused.
  FlightPtr join(const std::string& key, Group group, Use use, const void* type, AnyDone done);
  bool is_newest(const Flight& flight) const;
  bool lease_valid(const Flight& flight) const;
  void keep(const Flight& flight, std::shared_ptr<const void> value, size_t bytes, bool absent);
  void finish(Flight& flight, const Result<AnyReading>& result);

  const Options options_;
  const Clock& clock_;
  Store<CachedReading> store_;
  std::unordered_map<std::string, FlightPtr> flights_;  ///< the newest load of each key
  std::array<uint64_t, kMaxGroup + 1> generations_{};   ///< of each group; kNoGroup's stays 0
  size_t waiting_ = 0;
  Stats stats_;
};

}  // namespace roost::cache
