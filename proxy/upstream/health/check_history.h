#pragma once

#include <cstdint>

namespace roost::proxy {

/// What the checks of a backend come to. Pure. Not thread-safe.
///
///   unknown   not checked yet                  the first check leads to passing or failing
///   passing                                    `fall` failed checks in a row lead to failing
///   failing                                    `rise` checks in a row lead to passing
class CheckHistory {
 public:
  enum class State : uint8_t { unknown, passing, failing };

  /// Both at least 1.
  CheckHistory(uint32_t rise, uint32_t fall) : rise_(rise), fall_(fall) {}

  State state() const { return state_; }
  /// The last check went against the state, or there is none yet.
  bool changing() const { return state_ == State::unknown || against_ > 0; }
  /// One more check. True if the state has changed.
  bool note(bool passed) {
    if (state_ != State::unknown && passed == (state_ == State::passing)) {
      against_ = 0;
      return false;
    }
    const uint32_t needed = state_ == State::unknown ? 1 : passed ? rise_ : fall_;
    if (++against_ < needed) return false;
    enter(passed ? State::passing : State::failing);
    return true;
  }
  /// It is known to be bad already, such as when it takes no connection.
  void fail() { enter(State::failing); }
  void forget() { enter(State::unknown); }

 private:
  void enter(State state) {
    state_ = state;
    against_ = 0;
  }
  uint32_t rise_;
  uint32_t fall_;
  uint32_t against_ = 0;  // checks in a row that went against the state
  State state_ = State::unknown;
};

}  // namespace roost::proxy
