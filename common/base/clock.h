#pragma once

#include <atomic>
#include <cstdint>

namespace roost {

/// Where time comes from. Everything that decides by time takes a Clock or a time in milliseconds as an argument, so
/// that tests drive it by hand. Every method may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since an arbitrary start; never goes back.
  virtual int64_t monotonic_ms() const = 0;
  /// Milliseconds since 1970-01-01 UTC; may jump when the system's clock is set.
  virtual int64_t unix_ms() const = 0;
};

/// The machine's clocks (CLOCK_MONOTONIC, CLOCK_REALTIME).
class SystemClock final : public Clock {
 public:
  int64_t monotonic_ms() const override;
  int64_t unix_ms() const override;
};

/// A clock that stands still until it is told to move; for tests and simulations.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_unix_ms = 1'700'000'000'000) : unix_ms_(start_unix_ms) {}
  int64_t monotonic_ms() const override { return monotonic_ms_.load(std::memory_order_relaxed); }
  int64_t unix_ms() const override { return unix_ms_.load(std::memory_order_relaxed); }
  void advance_ms(int64_t by_ms) {
    monotonic_ms_.fetch_add(by_ms, std::memory_order_relaxed);
    unix_ms_.fetch_add(by_ms, std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t> monotonic_ms_{1'000'000};
  std::atomic<int64_t> unix_ms_;
};

}  // namespace roost
