#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/db/done.h"
#include "common/base/task.h"
#include "common/base/work_queue.h"

namespace roost::api {

/// The argon2id hash of a password for storage, salt and cost included: `operations` passes over `memory_bytes`.
/// Blocks. Any thread. A retryable error when the memory cannot be allocated.
Result<std::string> hash_password(std::string_view password, uint64_t operations, size_t memory_bytes);

/// Hashes passwords with argon2id (RFC 9106), which is slow by design, on kThreads threads. New passwords take at most
/// one of them and wait in a line of their own, so that registrations cannot keep log-ins waiting. Called on one
/// thread, the one on which `deliver` runs tasks.
class Passwords {
 public:
  static constexpr size_t kThreads = 2;
  /// Passwords to verify, and new ones, that wait for a thread; one more gets a retryable error with code kQueueFull.
  static constexpr size_t kMaxQueued = 64;
  static constexpr size_t kMaxNewQueued = 16;
  static constexpr int kQueueFull = EBUSY;

  struct Options {
    uint64_t operations = 2;         ///< passes over the memory
    size_t memory_bytes = 64 << 20;  ///< of each hash
    std::function<void(Task)> deliver;
  };
  explicit Passwords(Options options);
  /// Drops queued jobs unanswered; waits for the running ones.
  ~Passwords();
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;

  /// hash_password; `done` runs through `deliver`.
  void hash(std::string password, Done<std::string> done);
  /// Whether `hash` was made of this password.
  void verify(std::string password, std::string hash, Done<bool> done);

  /// Dummy hash verified for unknown users, so that timing does not reveal whether an account exists. No password fits
  /// it, and it costs as much to verify as any other.
  const std::string& dummy_hash() const { return dummy_hash_; }

 private:
  struct NewLine;
  static void start_next(const std::shared_ptr<NewLine>& line);

  const Options options_;
  const std::string dummy_hash_;
  WorkQueue queue_{{kThreads, kMaxQueued + 1, WorkQueue::AtEnd::drop}};
  std::shared_ptr<NewLine> new_line_;  // tasks that are delivered later look whether it is still there
};

}  // namespace roost::api
