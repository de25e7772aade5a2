#pragma once

#include <cstdint>
#include <optional>

namespace roost::api {

/// The time of a database as it was first read, counted on by a monotonic clock: what the ages of like tokens are
/// measured by, so that setting the wall clock makes none of them old. Milliseconds; not thread-safe.
class TokenClock {
 public:
  bool known() const { return database_ms_.has_value(); }
  /// `database_ms`: the database's time, or that of its newest token if that is later.
  void begin(int64_t database_ms, int64_t monotonic_ms) {
    database_ms_ = database_ms;
    began_ms_ = monotonic_ms;
  }
  /// After begin().
  int64_t now_ms(int64_t monotonic_ms) const { return *database_ms_ + monotonic_ms - began_ms_; }

 private:
  std::optional<int64_t> database_ms_;
  int64_t began_ms_ = 0;
};

}  // namespace roost::api
