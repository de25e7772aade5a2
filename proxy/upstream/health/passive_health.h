#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/base/mutex.h"
#include "proxy/upstream/health/failure_charge.h"
#include "proxy/upstream/health/outlier.h"
#include "proxy/upstream/health/standing.h"

namespace roost::proxy {

/// What is known of a backend from the requests it was sent: an OutlierDetector for all threads. Any thread. A success
/// after a success costs one load.
class PassiveHealth {
 public:
  explicit PassiveHealth(const OutlierOptions& options) : detector_(options) {}

  void note_success() {
    if (suspect_.load(std::memory_order_relaxed)) clear_suspicion();
  }
  /// `subject`: what was asked for, where only this backend is asked for it; of two failures of one subject in a row
  /// the second is not judged. 0: any.
  Judgement note_failure(int64_t now_ms, uint64_t ended, uint64_t subject);
  FailureShare window(int64_t now_ms, uint64_t ended) const;

  struct Ejection {
    bool in_effect = false;
    int64_t until_ms = 0;  ///< time of the loops
    int64_t duration_ms = 0;
    std::string reason;  ///< of the last one: "5 failures in a row, the last: status 503"
  };
  /// False when it is ejected already.
  bool eject(int64_t now_ms, std::string reason);
  void end_ejection(int64_t now_ms);
  Ejection ejection() const;
  /// It is another backend from now on. The charge for failures fades on.
  void forget();
  /// The same, but one that was ejected gets its trial first.
  void pardon();
  Standing& standing() { return standing_; }
  /// Adds to the backend's load.
  FailureCharge& charge() { return charge_; }
  /// The share of its weight that the backend takes part with, in percent; less than 100 in its slow start.
  uint32_t weight_percent() const { return weight_percent_.load(std::memory_order_relaxed); }
  void set_weight_percent(uint32_t percent) { weight_percent_.store(percent, std::memory_order_relaxed); }
  uint64_t ejections() const { return ejections_.load(std::memory_order_relaxed); }  ///< so far

 private:
  void clear_suspicion();
  void start_over() ROOST_REQUIRES(mutex_);
  void stand_anew() ROOST_REQUIRES(mutex_);

  FailureCharge charge_;
  Standing standing_;
  std::atomic<uint32_t> weight_percent_{100};
  std::atomic<bool> suspect_{false};
  std::atomic<uint64_t> ejections_{0};
  mutable Mutex mutex_;
  OutlierDetector detector_ ROOST_GUARDED_BY(mutex_);
  Ejection last_ ROOST_GUARDED_BY(mutex_);
  uint64_t last_subject_ ROOST_GUARDED_BY(mutex_) = 0;
};

}  // namespace roost::proxy
