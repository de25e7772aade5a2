#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "common/base/thread_annotations.h"

namespace roost {

/// A std::mutex that clang's thread safety analysis knows. Not recursive.
class ROOST_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ROOST_ACQUIRE() { mutex_.lock(); }
  void unlock() ROOST_RELEASE() { mutex_.unlock(); }
  bool try_lock() ROOST_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex to the end of the block, or to unlock() if that comes first.
class ROOST_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ROOST_ACQUIRE(mutex) : mutex_(&mutex) { mutex.lock(); }
  ~MutexLock() ROOST_RELEASE() {
    if (mutex_ != nullptr) mutex_->unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  /// Once.
  void unlock() ROOST_RELEASE() {
    mutex_->unlock();
    mutex_ = nullptr;
  }

 private:
  Mutex* mutex_;
};

/// A condition variable for a Mutex. Waits may end for no reason, so they stand in a loop that looks at the condition:
/// `while (!ready_) wake_.wait(mutex_);`. Every wait releases the mutex meanwhile and holds it again when it returns.
class CondVar {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  static Deadline deadline_in_ms(int64_t duration_ms) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(duration_ms);
  }

  void wait(Mutex& mutex) ROOST_REQUIRES(mutex) {
    std::unique_lock held(mutex.mutex_, std::adopt_lock);
    condition_.wait(held);
    held.release();
  }
  /// False once the deadline has passed.
  bool wait_until(Mutex& mutex, Deadline deadline) ROOST_REQUIRES(mutex) {
    std::unique_lock held(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_until(held, deadline) == std::cv_status::no_timeout;
    held.release();
    return woken;
  }
  /// False once `duration_ms` have passed.
  bool wait_ms(Mutex& mutex, int64_t duration_ms) ROOST_REQUIRES(mutex) {
    return wait_until(mutex, deadline_in_ms(duration_ms));
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace roost
