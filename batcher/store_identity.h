#pragma once

#include <cstdint>
#include <optional>

#include "batcher/options.h"
#include "batcher/sink.h"

namespace roost::batcher {

/// Learns the identity of the sink's store: asks until the sink answers, with back-off. Used by one thread at a time.
class StoreIdentity {
 public:
  StoreIdentity(Sink& sink, const Options& options) : sink_(sink), options_(options) {}

  /// Asks, unless it is known or the back-off has not passed yet; blocks as the sink does. True if it is known now.
  /// `now_ms` is of a monotonic clock.
  bool ask(int64_t now_ms) {
    if (known_ || now_ms < retry_at_ms_) return known_;
    if (const auto answer = sink_.identity()) {
      store_ = *answer;
      known_ = true;
    } else {
      retry_at_ms_ = now_ms + options_.backoff.delay_ms(++failures_, options_.random());
    }
    return known_;
  }
  bool known() const { return known_; }
  /// Once known: nothing if the sink's store has no identity.
  const std::optional<StoreId>& store() const { return store_; }
  /// While not known: time of the next attempt.
  int64_t retry_at_ms() const { return retry_at_ms_; }

 private:
  Sink& sink_;
  const Options& options_;
  std::optional<StoreId> store_;
  bool known_ = false;
  int failures_ = 0;
  int64_t retry_at_ms_ = 0;
};

}  // namespace roost::batcher
