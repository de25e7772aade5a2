#pragma once

#include <cstdint>

namespace roost::batcher {

/// Decides when the likes of one key are sent to the sink. Pure.
struct FlushPolicy {
  int64_t max_pending = 10;     ///< A key with more pending likes than this is due.
  int64_t max_age_ms = 60'000;  ///< A key whose oldest pending like is at least this old is due.

  /// True if a key with `pending` likes, the oldest of which arrived at `oldest_ms`, is due at `now_ms`.
  bool is_due(int64_t pending, int64_t oldest_ms, int64_t now_ms) const {
    if (pending <= 0) return false;
    return pending > max_pending || now_ms >= due_at_ms(oldest_ms);
  }
  /// When a key whose oldest like arrived at `oldest_ms` becomes due by age alone.
  int64_t due_at_ms(int64_t oldest_ms) const { return oldest_ms + max_age_ms; }
};

}  // namespace roost::batcher
