#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace roost {

/// Memory that is given back when an allocation fails (std::new_handler), so that the work under way can end while new
/// work is refused. It is never touched, and so costs address space only. It helps where the process has a limit
/// (RLIMIT_AS, RLIMIT_DATA, strict overcommitment).
///
/// When all of it but kKept parts is used, `new` throws std::bad_alloc to work that may be refused (MemoryScope). The
/// kept parts are for what must go on. When these are used too, `new` waits for memory: on the thread that made the
/// reserve and on those of event loops (give_up_in_time) for kMaxWaitMs, then it throws; on others as long as it takes.
///
/// At most one per process, made before the threads and destroyed after them. Any thread otherwise.
class MemoryReserve {
 public:
  static constexpr size_t kParts = 32;
  static constexpr size_t kKept = 8;  ///< of them
  static constexpr size_t kPartBytes = 256 * 1024;
  static constexpr int64_t kMaxWaitMs = 1'000;

  /// Takes as much as there is, `parts` at most, and from now on helps allocations that fail.
  explicit MemoryReserve(size_t parts = kParts);
  ~MemoryReserve();
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

  /// Some of it has been used: whoever can, frees memory and refuses new work.
  static bool is_low() { return low.load(std::memory_order_relaxed); }
  /// Takes back what was used. False when memory is still short.
  static bool refill();
  /// Allocations that failed at first since the start.
  static uint64_t shortages() { return shortage_count.load(std::memory_order_relaxed); }
  /// Of them, those that were refused.
  static uint64_t refusals() { return refusal_count.load(std::memory_order_relaxed); }
  /// This thread serves others: it does not wait for memory without end.
  static void give_up_in_time();
  size_t parts_left() const;

 private:
  static void on_failure();
  bool take_all();
  bool release_part(size_t kept);

  static std::atomic<bool> low;
  static std::atomic<uint64_t> shortage_count;
  static std::atomic<uint64_t> refusal_count;
  static std::atomic<MemoryReserve*> installed;
  const size_t most_;
  std::array<std::atomic<void*>, kParts> parts_{};
};

}  // namespace roost
