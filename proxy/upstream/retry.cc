#include "proxy/upstream/retry.h"

namespace roost::proxy {

bool may_retry(const FailedAttempt& failed, RetryBudget& budget) {
  if (failed.response_begun || !failed.body_replayable || failed.attempts >= kMaxAttempts) return false;
  if (!may_have_executed(failed.progress)) return true;
  if (!failed.idempotent || failed.timed_out || failed.repeats > 0) return false;
  if (failed.progress == http::Progress::head_received) return false;
  return budget.spend();
}

}  // namespace roost::proxy
