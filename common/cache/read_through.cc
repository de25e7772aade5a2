#include "common/cache/read_through.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace roost::cache {

/// An entry of the store; its key is stored right after the object.
class ReadThrough::CachedReading final : public Entry {
 public:
  CachedReading(const Flight& flight, std::shared_ptr<const void> value, size_t bytes, bool absent,
                int64_t expires_at_ms)
      : Entry({reinterpret_cast<const char*>(this + 1), flight.key.size()}, hash_key(flight.key),
              sizeof(CachedReading) + flight.key.size() + bytes, expires_at_ms),
        absent_(absent),
        group_(flight.group),
        generation_(flight.generation),
        type_(flight.type),
        reading_{std::move(value), flight.began_ms} {
    std::memcpy(reinterpret_cast<char*>(this + 1), flight.key.data(), flight.key.size());
  }
  bool absent() const { return absent_; }
  Group group() const { return group_; }
  uint64_t generation() const { return generation_; }
  const void* type() const { return type_; }
  const AnyReading& reading() const { return reading_; }

 private:
  bool absent_;
  Group group_;
  uint64_t generation_;
  const void* type_;
  AnyReading reading_;
};

ReadThrough::ReadThrough(const Options& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      store_({.limit_bytes = options.limit_bytes, .max_entry_bytes = 0, .shards = 1}) {}

std::optional<ReadThrough::AnyReading> ReadThrough::find_any(std::string_view key, const void* type) {
  const int64_t now_ms = clock_.monotonic_ms();
  const auto entry = store_.find(key, hash_key(key), now_ms);
  if (!entry) return std::nullopt;
  if (entry->generation() != generations_[entry->group()]) {
    store_.erase(*entry);
    return std::nullopt;
  }
  ROOST_CHECK(entry->type() == type);
  ++stats_.hits;
  if (entry->absent()) ++stats_.negative_hits;
  const auto age_ms = static_cast<uint64_t>(now_ms - entry->reading().loaded_at_ms);
  stats_.hit_age_ms += age_ms;
  stats_.oldest_hit_ms = std::max(stats_.oldest_hit_ms, age_ms);
  return entry->reading();
}

bool ReadThrough::is_newest(const Flight& flight) const {
  const auto newest = flights_.find(flight.key);
  return newest != flights_.end() && newest->second.get() == &flight;
}

bool ReadThrough::lease_valid(const Flight& flight) const {
#ifdef ROOST_MUTATION_NO_LEASE  // mutation test: without leases the last load wins, which a test must detect
  return flight.type != nullptr;
#else
  return is_newest(flight) && flight.generation == generations_[flight.group];
#endif
}

ReadThrough::FlightPtr ReadThrough::join(const std::string& key, Group group, Use use, const void* type, AnyDone done) {
  ROOST_CHECK(group <= kMaxGroup);
  if (waiting_ >= options_.max_waiting) {
    ++stats_.refusals;
    done(fail("too many reads wait for what is being loaded", Side::internal, true));
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
  slot = std::make_shared<Flight>(Flight{key, group, type, generations_[group], clock_.monotonic_ms(), {}});
  slot->waiting.push_back(std::move(done));
  return slot;
}

void ReadThrough::keep(const Flight& flight, std::shared_ptr<const void> value, size_t bytes, bool absent) {
  if (!lease_valid(flight)) {
    ++stats_.void_leases;
    return;
  }
  const int64_t expires_at_ms = flight.began_ms + (absent ? options_.negative_ttl_ms : options_.ttl_ms);
  auto entry =
      Ref<CachedReading>::make(Trailing{flight.key.size()}, flight, std::move(value), bytes, absent, expires_at_ms);
  store_.insert(std::move(entry), clock_.monotonic_ms());
}

void ReadThrough::finish(Flight& flight, const Result<AnyReading>& result) {
  if (is_newest(flight)) flights_.erase(flight.key);
  std::vector<AnyDone> waiting = std::move(flight.waiting);
  waiting_ -= waiting.size();
  for (AnyDone& done : waiting) done(result);
}

void ReadThrough::invalidate(std::string_view key) {
  store_.erase(key, hash_key(key));
  flights_.erase(std::string(key));
}

void ReadThrough::invalidate_group(Group group) {
  ROOST_CHECK(group != kNoGroup && group <= kMaxGroup);
  ++generations_[group];
}

ReadThrough::Stats ReadThrough::stats() const {
  Stats stats = stats_;
  const StoreStats kept = store_.stats();
  stats.evictions = kept.evictions;
  stats.expirations = kept.expirations;
  stats.bytes = kept.bytes;
  stats.entries = kept.entries;
  stats.loading = flights_.size();
  stats.waiting = waiting_;
  return stats;
}

}  // namespace roost::cache
