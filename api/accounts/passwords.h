#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/db/done.h"
#include "common/base/task.h"

namespace roost::api {

/// The text that is stored of a password, with its salt and cost: `operations` passes over `memory_bytes`. Blocks for
/// as long as that takes. Any thread. A retryable error where there is not so much memory.
Result<std::string> hash_password(std::string_view password, uint64_t operations, size_t memory_bytes);

/// Hashes passwords with argon2id (RFC 9106), which is slow on purpose, on kThreads threads of its own. Called on one
/// thread, the one that `deliver` leads to.
class Passwords {
 public:
  static constexpr size_t kThreads = 2;
  static constexpr size_t kMaxQueued = 64;  ///< waiting for a thread; one more gets a retryable error

  struct Options {
    uint64_t operations = 2;         ///< passes over the memory
    size_t memory_bytes = 64 << 20;  ///< of each hash that is being made
    std::function<void(Task)> deliver;
  };
  explicit Passwords(Options options);
  /// Drops what is queued, unanswered; waits for what is being hashed.
  ~Passwords();
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;

  /// hash_password; `done` runs through `deliver`.
  void hash(std::string password, Done<std::string> done);
  /// Whether `hash` was made of this password.
  void verify(std::string password, std::string hash, Done<bool> done);

  /// A hash that no password fits, as dear to verify as any other: checked for a name that nobody has, it hides from
  /// who measures time that nobody has it.
  const std::string& hash_of_nobody() const { return hash_of_nobody_; }

 private:
  void submit(Task job, Task refuse);
  void work();

  const Options options_;
  const std::string hash_of_nobody_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace roost::api
