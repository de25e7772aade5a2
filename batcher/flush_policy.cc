#include "batcher/flush_policy.h"

namespace roost::batcher {

bool FlushPolicy::is_due(int64_t pending, int64_t oldest_ms, int64_t now_ms) const {
  if (pending <= 0) return false;
  return pending > max_pending || now_ms >= due_at_ms(oldest_ms);
}

int64_t FlushPolicy::due_at_ms(int64_t oldest_ms) const {
  return oldest_ms + max_age_ms;
}

}  // namespace roost::batcher
