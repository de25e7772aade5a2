#include "api/db/db_cache.h"

#include <cstring>

#include "common/base/check.h"

namespace roost::api {

/// An entry of the store; its key stands behind it.
class DbCache::CachedReading final : public cache::Entry {
 public:
  CachedReading(const Flight& flight, uint64_t hash, std::shared_ptr<const void> value, size_t bytes,
                int64_t expires_at_ms)
      : Entry({reinterpret_cast<const char*>(this + 1), flight.key.size()}, hash,
              sizeof(CachedReading) + flight.key.size() + bytes, expires_at_ms),
        group_(flight.group),
        generation_(flight.generation),
        type_(flight.type),
        reading_{std::move(value), flight.began_ms} {
    std::memcpy(reinterpret_cast<char*>(this + 1), flight.key.data(), flight.key.size());
  }
  bool outdated(uint64_t list_generation) const { return group_ == Group::list && generation_ != list_generation; }
  const void* type() const { return type_; }
  const AnyReading& reading() const { return reading_; }

 private:
  Group group_;
  uint64_t generation_;
  const void* type_;
  AnyReading reading_;
};

DbCache::DbCache(const Options& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      store_({.limit_bytes = options.limit_bytes, .max_entry_bytes = 0, .shards = 1}) {}

std::optional<DbCache::AnyReading> DbCache::find_any(std::string_view key, const void* type) {
  const auto entry = store_.find(key, cache::hash_key(key), clock_.monotonic_ms());
  if (!entry) return std::nullopt;
  if (entry->outdated(list_generation_)) {
    store_.erase(*entry);
    return std::nullopt;
  }
  ROOST_CHECK(entry->type() == type);
  ++stats_.hits;
  return entry->reading();
}

bool DbCache::lease_valid(const Flight& flight) const {
  const auto newest = flights_.find(flight.key);
  return newest != flights_.end() && newest->second.get() == &flight &&
         (flight.group == Group::single || flight.generation == list_generation_);
}

DbCache::FlightPtr DbCache::join(const std::string& key, Group group, Use use, const void* type, AnyDone done) {
  if (waiting_ >= kMaxWaiting) {
    done(fail("too many requests wait for the database", Side::internal, true));
    return nullptr;
  }
  ++waiting_;
  FlightPtr& slot = flights_[key];
  if (slot && use == Use::cached && lease_valid(*slot)) {
    ROOST_CHECK(slot->type == type);
    ++stats_.joins;
    slot->waiting.push_back(std::move(done));
    return nullptr;
  }
  ++(use == Use::bypass ? stats_.bypasses : stats_.misses);
  slot = std::make_shared<Flight>(Flight{key, group, type, list_generation_, clock_.monotonic_ms(), {}});
  slot->waiting.push_back(std::move(done));
  return slot;
}

void DbCache::keep(const FlightPtr& flight, std::shared_ptr<const void> value, size_t bytes, int64_t ttl_ms) {
  if (!lease_valid(*flight)) {
    ++stats_.void_leases;
    return;
  }
  auto entry =
      cache::Ref<CachedReading>::make(cache::Trailing{flight->key.size()}, *flight, cache::hash_key(flight->key),
                                      std::move(value), bytes, flight->began_ms + ttl_ms);
  store_.insert(std::move(entry), clock_.monotonic_ms());
}

void DbCache::finish(Flight& flight, const Result<AnyReading>& result) {
  if (const auto newest = flights_.find(flight.key); newest != flights_.end() && newest->second.get() == &flight)
    flights_.erase(newest);
  std::vector<AnyDone> waiting = std::move(flight.waiting);
  waiting_ -= waiting.size();
  for (AnyDone& done : waiting) done(result);
}

void DbCache::invalidate(std::string_view key) {
  store_.erase(key, cache::hash_key(key));
  flights_.erase(std::string(key));
}

DbCache::Stats DbCache::stats() const {
  Stats stats = stats_;
  const cache::StoreStats kept = store_.stats();
  stats.bytes = kept.bytes;
  stats.entries = kept.entries;
  return stats;
}

}  // namespace roost::api
