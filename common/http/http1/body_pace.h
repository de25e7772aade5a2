#pragma once

#include <cstdint>
#include <memory>

#include "common/base/rate_meter.h"

namespace roost::http {

/// Whether a request's body comes at a least rate. Measured from its second piece on, since most bodies come in one; so
/// a connection holds a meter only while it needs one.
class BodyPace {
 public:
  /// A piece of `piece` bytes came, the last of `total`.
  bool keeps_up(const LeastRate& least, int64_t now_ms, uint64_t piece, uint64_t total) {
    if (!least.is_set() || total == piece) return true;
    if (meter_) return meter_->keeps_up(least, now_ms, total);
    meter_ = std::make_unique<RateMeter>();
    meter_->start(now_ms, total);
    return true;
  }
  /// The time until now does not count: the body was not read, or another count of `total` begins.
  void start_again(int64_t now_ms, uint64_t total) {
    if (meter_) meter_->start(now_ms, total);
  }
  /// The body is over.
  void reset() { meter_.reset(); }

 private:
  std::unique_ptr<RateMeter> meter_;
};

}  // namespace roost::http
