#pragma once

#include <atomic>
#include <cstdint>

namespace roost::proxy {

/// How far a backend is trusted with requests, after an ejection above all. Any thread.
///
///   state      meaning                                               leaves for
///   trusted    as any other                                          ejected
///   ejected    its requests failed: out of use for a while           awaiting
///   awaiting   returned: one request will be its trial               on_trial, probation, ejected
///   on_trial   that request is under way; others go elsewhere        awaiting (given up), probation, ejected
///   probation  it has answered: used, but one failure may eject it   trusted, ejected
///
/// From each of them to trusted when it is another backend from now on, and from all but trusted to awaiting when it
/// was restarted.
class Standing {
 public:
  enum class State : uint8_t { trusted, ejected, awaiting, on_trial, probation };

  State state() const { return state_.load(std::memory_order_relaxed); }
  void set(State state) { state_.store(state, std::memory_order_relaxed); }
  /// False when another request is the trial already, or none is needed.
  bool begin_trial() { return state() == State::awaiting && move(State::awaiting, State::on_trial); }
  /// It ended without telling anything.
  void give_up_trial() { move(State::on_trial, State::awaiting); }
  /// A request has got an answer that is no failure.
  void note_answer() {
    if (!move(State::on_trial, State::probation)) move(State::awaiting, State::probation);
  }

 private:
  bool move(State from, State to) { return state_.compare_exchange_strong(from, to, std::memory_order_relaxed); }
  std::atomic<State> state_{State::trusted};
};

}  // namespace roost::proxy
