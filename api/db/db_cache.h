#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/db/database.h"
#include "common/base/clock.h"
#include "common/cache/store.h"

namespace roost::api {

/// What a cache hands out: a value that nobody changes any more, and when the load that brought it began
/// (Clock::monotonic_ms): it is at least as new as that.
template <class T>
struct Reading {
  std::shared_ptr<const T> value;
  int64_t loaded_at_ms = 0;
};

/// Keeps what was read from the database for a while, so that it is asked once per key and `ttl_ms`:
///  - one load at a time per key; whoever asks meanwhile waits for it;
///  - a load that began before an invalidation answers those who asked before, and is neither kept nor shown to anyone
///    who asks after (its lease is void);
///  - "nothing there" is kept too, for `negative_ttl_ms`.
///
/// T has `bool absent() const` and `size_t memory_bytes() const`; one key is always read as the same T. Loop thread
/// only. Loads under way when the cache is destroyed must not complete any more.
class DbCache {
 public:
  struct Options {
    uint64_t limit_bytes = 64 << 20;
    int64_t ttl_ms = 60'000;
    int64_t negative_ttl_ms = 5'000;
  };
  /// Requests waiting for loads, all keys together; one more gets a retryable error.
  static constexpr size_t kMaxWaiting = 16 * 1024;

  /// What an entry is dropped by, besides its key: lists contain many tweets, and any change of any tweet drops them.
  enum class Group : uint8_t { single, list };
  /// bypass: neither from the cache nor from a load that has begun already; the result is kept.
  enum class Use : uint8_t { cached, bypass };

  struct Stats {
    uint64_t hits = 0;
    uint64_t misses = 0;    ///< that started a load
    uint64_t joins = 0;     ///< that waited for a load under way
    uint64_t bypasses = 0;  ///< that started a load whatever was there
    uint64_t void_leases = 0;
    uint64_t bytes = 0;
    uint64_t entries = 0;
  };

  DbCache(const Options& options, const Clock& clock);
  DbCache(const DbCache&) = delete;
  DbCache& operator=(const DbCache&) = delete;

  /// What is there and fresh, else nothing.
  template <class T>
  std::optional<Reading<T>> find(std::string_view key) {
    const auto any = find_any(key, type_of<T>());
    if (!any) return std::nullopt;
    return Reading<T>{std::static_pointer_cast<const T>(any->value), any->loaded_at_ms};
  }

  /// Calls `done` with what is there, within the call, or with what `load` brings, later. `load(Done<T>)` starts the
  /// query and must call its argument exactly once, not within itself.
  template <class T, class Load>
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
  /// What was read of any list is no longer so.
  void invalidate_lists() { ++list_generation_; }
  Stats stats() const;

 private:
  using AnyReading = Reading<void>;
  using AnyDone = UniqueFunction<void(Result<AnyReading>)>;
  class CachedReading;
  /// One load under way.
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
    if (!result) return finish(*flight, tl::unexpected<Error>(std::move(result.error())));
    auto value = std::make_shared<const T>(std::move(*result));
    const int64_t ttl_ms = value->absent() ? options_.negative_ttl_ms : options_.ttl_ms;
    keep(flight, value, value->memory_bytes(), ttl_ms);
    finish(*flight, AnyReading{std::move(value), flight->began_ms});
  }

  std::optional<AnyReading> find_any(std::string_view key, const void* type);
  /// A new flight for the caller to start, or null when `done` waits for another one or was refused.
  FlightPtr join(const std::string& key, Group group, Use use, const void* type, AnyDone done);
  bool lease_valid(const Flight& flight) const;
  void keep(const FlightPtr& flight, std::shared_ptr<const void> value, size_t bytes, int64_t ttl_ms);
  void finish(Flight& flight, const Result<AnyReading>& result);

  const Options options_;
  const Clock& clock_;
  cache::Store<CachedReading> store_;
  std::unordered_map<std::string, FlightPtr> flights_;  ///< the newest load of each key whose lease holds
  uint64_t list_generation_ = 0;
  size_t waiting_ = 0;
  Stats stats_;
};

}  // namespace roost::api
