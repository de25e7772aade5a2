#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/rate_meter.h"
#include "common/http/server.h"

namespace roost::http {

/// Whether a client takes its response. Only time in which bytes wait in this process counts, so that nobody is blamed
/// for a slow backend. What has been taken is what the client's system has acknowledged, where that is known: bytes
/// that lie in the kernel's buffer here, which may hold megabytes, have not. Else it is what left the queue.
///
/// Looked at when the connection's deadline rings, for the first time kFirstLookMs after bytes began to wait: who is
/// fast costs no system call, and the first period of the rate starts there. A client that stops is found at most two
/// time-outs later, one that is too slow at most two periods. Memory is held only from when bytes wait to reset().
class SendPace {
 public:
  enum class Verdict : uint8_t {
    keeps_up,
    stalled,   ///< nothing was taken for SendLimits::progress_ms
    too_slow,  ///< less was taken than SendLimits::rate asks for
  };
  static constexpr int64_t kFirstLookMs = 1'000;

  bool waiting() const { return wait_ && !wait_->paused; }
  bool paused() const { return wait_ && wait_->paused; }
  /// Bytes wait, and did not before. Behind pause() it goes on from there. When they were thought to be waiting all the
  /// while, the queue has emptied at a time that is not known, and everything starts anew.
  void begin(int64_t now_ms);
  /// `size` more bytes wait.
  void add(uint64_t size) { wait_->queued_at_most += size; }
  /// From now on nothing waits, or it is not the client's turn to take it; the time until the next begin() does not
  /// count.
  void pause(int64_t now_ms);
  /// The response has been taken.
  void reset() { wait_.reset(); }
  /// When to look again, if the queue holds `queued` bytes now: begins unless waiting().
  int64_t next_look_ms(const SendLimits& limits, int64_t now_ms, uint64_t queued);
  /// Only while waiting(). `acknowledged` by the client so far, from any beginning; nothing where that is not known.
  Verdict look(const SendLimits& limits, int64_t now_ms, uint64_t queued, std::optional<uint64_t> acknowledged);

 private:
  struct Wait {
    RateMeter rate;
    int64_t progress_at_ms = 0;            // the client took something then, or bytes began to wait
    int64_t paused_at_ms = 0;              // while paused
    uint64_t queued_at_most = 0;           // what would be queued had nothing left the queue; 0: not known yet
    std::optional<uint64_t> acknowledged;  // when last looked
    bool looked = false;
    bool paused = false;
  };
  std::unique_ptr<Wait> wait_;
};

inline void SendPace::begin(int64_t now_ms) {
  if (!wait_) wait_ = std::make_unique<Wait>();
  if (wait_->paused) {
    const int64_t pause_ms = now_ms - wait_->paused_at_ms;
    wait_->rate.skip_ms(pause_ms);
    wait_->progress_at_ms += pause_ms;
    wait_->paused = false;
  } else {
    *wait_ = Wait{};
    wait_->progress_at_ms = now_ms;
  }
  wait_->queued_at_most = 0;
}

inline void SendPace::pause(int64_t now_ms) {
  if (!waiting()) return;
  wait_->paused = true;
  wait_->paused_at_ms = now_ms;
}

inline int64_t SendPace::next_look_ms(const SendLimits& limits, int64_t now_ms, uint64_t queued) {
  if (!waiting()) begin(now_ms);
  Wait& wait = *wait_;
  if (wait.queued_at_most == 0) wait.queued_at_most = queued;
  int64_t left_ms = wait.progress_at_ms + limits.progress_ms - now_ms;
  if (!wait.looked) left_ms = std::min(left_ms, kFirstLookMs);
  if (wait.acknowledged && limits.rate.is_set()) left_ms = std::min(left_ms, wait.rate.left_ms(limits.rate, now_ms));
  return std::max<int64_t>(left_ms, 0);
}

inline SendPace::Verdict SendPace::look(const SendLimits& limits, int64_t now_ms, uint64_t queued,
                                        std::optional<uint64_t> acknowledged) {
  Wait& wait = *wait_;
  const bool progress =
      acknowledged && wait.acknowledged ? *acknowledged != *wait.acknowledged : queued < wait.queued_at_most;
  if (progress) {
    wait.progress_at_ms = now_ms;
  } else if (now_ms - wait.progress_at_ms >= limits.progress_ms) {
    return Verdict::stalled;
  }
  if (acknowledged && !wait.acknowledged) wait.rate.start(now_ms, *acknowledged);
  wait.looked = true;
  wait.queued_at_most = queued;
  wait.acknowledged = acknowledged;
  if (!acknowledged || wait.rate.keeps_up(limits.rate, now_ms, *acknowledged)) return Verdict::keeps_up;
  return Verdict::too_slow;
}

}  // namespace roost::http
