#pragma once

#include <atomic>
#include <cstdint>

#include "common/base/block.h"
#include "proxy/cache/http_cache.h"

namespace roost::proxy {

/// One budget, the size of the cache, for what is stored and for the bodies in flight: those being fetched, and those
/// that are no longer stored but still held by clients that are slow to take them.
///
///     0                                                              limit
///     │ kept for the store │           stored or in flight              │
///     │      1/8           │                                            │
///                          bodies in flight grow up to half, or to one object of the largest size
///
/// Bodies in flight come first: the store gives way to them. Once they have their share, fetches do without: they are
/// not stored, and go no faster than they are taken (CacheFetch). Any thread.
class MemoryBudget {
 public:
  /// Both outlive the budget. `in_flight` counts the blocks of bodies in flight; the cache holds some of them, so it
  /// outlives the cache as well.
  MemoryBudget(HttpCache& cache, const BlockAccount& in_flight);
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  uint64_t in_flight_bytes() const { return in_flight_.bytes(); }
  uint64_t most_in_flight_bytes() const { return most_in_flight_bytes_; }

  /// Whether `bytes` more may be in flight; makes room for them in the store. The caller may find that another has
  /// taken the room in between, so the limit is passed by as much as one read brings each loop.
  bool admit(uint64_t bytes);
  /// The same question, without making room.
  bool would_admit(uint64_t bytes) const { return in_flight_.bytes() + bytes <= most_in_flight_bytes_; }
  /// Where allocations fail: the store gives back all but its share. Whether the MemoryReserve is whole again.
  bool relieve();
  /// Gives the store the room that is not needed in flight now: before a response is stored.
  void settle() { share_room(in_flight_.bytes()); }

  static constexpr uint64_t kStoreShare = 8;  ///< one part of so many is kept for the store
  static constexpr uint64_t kSteps = 64;      ///< room is moved in parts of this many of the limit

 private:
  void share_room(uint64_t in_flight_bytes);

  HttpCache& cache_;
  const BlockAccount& in_flight_;
  const uint64_t limit_bytes_;
  const uint64_t most_in_flight_bytes_;
  const uint64_t step_bytes_;
  std::atomic<uint64_t> aside_bytes_{0};  // of the store, for what is in flight
};

}  // namespace roost::proxy
