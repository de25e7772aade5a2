#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/cache/fetch.h"
#include "proxy/cache/memory_budget.h"

namespace roost::proxy {

/// How long the body of a fetch is kept for the cache, and how fast it may come when it is not. Functions of the
/// budget.

/// A body is kept so far whatever the budget says: small ones are stored, and shared, even if there is no room.
constexpr uint64_t kFreeBytes = 64 * 1024;
/// How far the slowest reader of a body that is not kept may be behind: with room in the budget, and without.
constexpr uint64_t kWindowBytes = 1024 * 1024;
constexpr uint64_t kLeastWindowBytes = 64 * 1024;

constexpr std::string_view kTooLarge = "too-large";
constexpr std::string_view kNoRoom = "no-room";

/// Why a body is not kept any more that has come up to `bytes`; empty when it is. Makes room for the next `arriving`.
inline std::string_view why_not_keep(MemoryBudget& budget, uint64_t max_object_bytes, uint64_t bytes,
                                     uint64_t arriving) {
  if (bytes > max_object_bytes) return kTooLarge;
  return bytes > kFreeBytes && !budget.admit(arriving) ? kNoRoom : std::string_view();
}

/// Of a body that is not kept: whether more of it may come. False: wait for FetchLeader::on_fetch_room().
inline bool readers_keep_up(Fetch& fetch, const MemoryBudget& budget) {
  return fetch.has_room(budget.would_admit(kWindowBytes) ? kWindowBytes : kLeastWindowBytes);
}

}  // namespace roost::proxy
