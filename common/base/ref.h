#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace roost {

/// Bytes to reserve behind an object, in the same allocation.
struct Trailing {
  size_t bytes = 0;
};

/// Base of objects that are held by Ref. An object begins with one reference, its maker's, and is deleted when the last
/// one is dropped, on whatever thread that is.
///
/// `new (Trailing{n}) T(…)` leaves n bytes behind the object, from `reinterpret_cast<char*>(object + 1)` on.
class RefCounted {
 public:
  static void* operator new(size_t size) { return ::operator new(size); }
  static void* operator new(size_t size, Trailing trailing) { return ::operator new(size + trailing.bytes); }
  static void operator delete(void* memory) { ::operator delete(memory); }
  static void operator delete(void* memory, Trailing) { ::operator delete(memory); }
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

 protected:
  RefCounted() = default;
  ~RefCounted() = default;

 private:
  template <class>
  friend class Ref;
  std::atomic<uint32_t> references_{1};
};

/// A counted reference to a T, which derives publicly from RefCounted, or null. The count is atomic, so references to
/// one object may be copied and dropped on any thread; one Ref object belongs to one thread at a time.
///
/// A T whose constructor or destructor is private has Ref<T> as a friend. Where a T is deleted through a base class,
/// the base class's destructor is virtual.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(const Ref& other) : Ref(share(other.object_)) {}
  Ref(Ref&& other) noexcept : object_(other.release()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr && count_of(*object_).fetch_sub(1, std::memory_order_acq_rel) == 1) delete object_;
  }

  template <class... Args>
  static Ref make(Args&&... args) {
    return adopt(new T(std::forward<Args>(args)...));
  }
  /// With bytes behind the object.
  template <class... Args>
  static Ref make(Trailing trailing, Args&&... args) {
    return adopt(new (trailing) T(std::forward<Args>(args)...));
  }
  /// Takes over the one reference that a new object, or release(), has.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  /// One more reference to an object that somebody else holds; null gives an empty Ref.
  static Ref share(T* object) {
    if (object != nullptr) count_of(*object).fetch_add(1, std::memory_order_relaxed);
    return adopt(object);
  }
  /// Gives the reference away, for adopt().
  T* release() { return std::exchange(object_, nullptr); }

  explicit operator bool() const { return object_ != nullptr; }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }

 private:
  static std::atomic<uint32_t>& count_of(RefCounted& object) { return object.references_; }
  T* object_ = nullptr;
};

}  // namespace roost
