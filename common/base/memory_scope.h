#pragma once

#include <new>
#include <utility>

namespace roost {

/// Whether an allocation of this thread may be refused when memory runs out (see MemoryReserve).
///
///   essential   what has been accepted is carried on: it may use the whole reserve, and waits when that is used up.
///               This is the default.
///   refusable   new work and the bytes of bodies: `new` throws std::bad_alloc before the last of the reserve is used.
///
/// A few instructions; nests.
class MemoryScope {
 public:
  enum class Kind : bool { essential, refusable };
  explicit MemoryScope(Kind wanted) : before_(std::exchange(kind, wanted)) {}
  ~MemoryScope() { kind = before_; }
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  static Kind now() { return kind; }

 private:
  static inline constinit thread_local Kind kind = Kind::essential;
  const Kind before_;
};

/// For the time of a block.
class EssentialMemory : private MemoryScope {
 public:
  EssentialMemory() : MemoryScope(Kind::essential) {}
};

/// Runs `work`, whose allocations may be refused; then `refuse` tells whom it was for, and leaves nothing half done.
template <class Work, class Refuse>
void run_refusable(Work&& work, Refuse&& refuse) {
  try {
    const MemoryScope scope(MemoryScope::Kind::refusable);
    work();
  } catch (const std::bad_alloc&) {
    const EssentialMemory essential;
    refuse();
  }
}

/// The outermost of a thread or of a callback of a C library, through which nothing may be thrown. False when memory
/// ran out in `work`.
template <class Work>
[[nodiscard]] bool run_contained(Work&& work) noexcept {
  try {
    work();
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

}  // namespace roost
