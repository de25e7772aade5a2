#pragma once

#include <atomic>
#include <cstdint>

/// Makes one allocation of a program fail. Programs whose tests want that have the operators of failing_new.h.
///
///     failing_memory::arm(7);                // the seventh allocation from now on fails, once
///     …
///     if (!failing_memory::disarm()) break;  // there were fewer
namespace roost::failing_memory {

inline std::atomic<int64_t> countdown{0};  // 0: not armed
inline std::atomic<int64_t> living{0};     // what new has made and delete has not freed
inline thread_local int calm = 0;          // depth: code of the test runs

/// The `number`-th allocation fails, of whatever thread: the new_handler is asked, as when malloc fails.
inline void arm(int64_t number) {
  countdown = number;
}
/// Whether it has failed.
inline bool disarm() {
  return countdown.exchange(0) <= 0;
}
/// For operator new: whether this allocation is the one.
inline bool fails_now() {
  if (calm > 0 || countdown.load(std::memory_order_relaxed) <= 0) return false;
  return countdown.fetch_sub(1) == 1;
}

/// Code of the test, such as what stands for the kernel or a peer, whose allocations do not count.
class Calm {
 public:
  Calm() { ++calm; }
  ~Calm() { --calm; }
  Calm(const Calm&) = delete;
  Calm& operator=(const Calm&) = delete;
};

/// In the midst of that, a call of the code under test.
class Tested {
 public:
  Tested() : before_(calm) { calm = 0; }
  ~Tested() { calm = before_; }
  Tested(const Tested&) = delete;
  Tested& operator=(const Tested&) = delete;

 private:
  const int before_;
};

}  // namespace roost::failing_memory
