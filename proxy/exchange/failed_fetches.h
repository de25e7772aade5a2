#pragma once

#include <cstdint>

#include "proxy/upstream/retry.h"

namespace roost::proxy {

/// What a client does when the fetch of another, for which it has waited, has failed: that may have been for something
/// in the other's request. First it competes for the next fetch, whose leader asks with its own request. When that was
/// another's again, and failed, it asks alone if the pool's budget for retries allows it, so that a pool that fails is
/// not asked by everybody.
class FailedFetches {
 public:
  enum class Then : uint8_t { join_again, ask_alone, give_up };

  void reset() { count_ = 0; }
  /// `status`: what the failed fetch would have answered. 503: there was no backend to ask, nor is there for another.
  Then note(int status, RetryBudget& budget) {
    if (status == 503) return Then::give_up;
    if (count_++ == 0) return Then::join_again;
    return budget.spend() ? Then::ask_alone : Then::give_up;
  }

 private:
  uint32_t count_ = 0;
};

}  // namespace roost::proxy
