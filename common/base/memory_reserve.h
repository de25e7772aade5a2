#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace roost {

/// Memory that is given back when an allocation fails (std::new_handler), so that the work under way can end while new
/// work is refused. It is never touched, and so costs address space only. It helps where the process has a limit
/// (RLIMIT_AS, RLIMIT_DATA, strict overcommitment). When all of it is used, `new` throws std::bad_alloc.
///
/// At most one per process, made before the threads and destroyed after them. Any thread otherwise.
class MemoryReserve {
 public:
  static constexpr size_t kParts = 32;
  static constexpr size_t kPartBytes = 256 * 1024;

  /// Takes as much as there is, and from now on helps allocations that fail.
  MemoryReserve();
  ~MemoryReserve();
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

  /// Some of it has been used: whoever can, frees memory and refuses new work.
  static bool is_low() { return low.load(std::memory_order_relaxed); }
  /// Takes back what was used. False when memory is still short.
  static bool refill();
  size_t parts_left() const;

 private:
  static void on_failure();
  bool take_all();
  bool release_part();

  static std::atomic<bool> low;
  static std::atomic<MemoryReserve*> installed;
  std::array<std::atomic<void*>, kParts> parts_{};
};

}  // namespace roost
