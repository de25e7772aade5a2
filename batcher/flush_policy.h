#pragma once

#include <cstddef>
#include <cstdint>

namespace roost::batcher {

/// When the likes of one key go to the sink. Pure: state and time in, decision out.
struct FlushPolicy {
  int64_t max_pending = 10;     ///< More than this many pending of one key: due.
  int64_t max_age_ms = 60'000;  ///< The oldest pending of one key has waited this long: due.

  /// Whether a key with `pending` likes, the oldest of which came at `oldest_ms`, is due at `now_ms`.
  bool is_due(int64_t pending, int64_t oldest_ms, int64_t now_ms) const;
  /// When a key whose oldest like came at `oldest_ms` becomes due by age, if nothing more comes.
  int64_t due_at_ms(int64_t oldest_ms) const;
};

}  // namespace roost::batcher
