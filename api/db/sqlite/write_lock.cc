#include "api/db/sqlite/write_lock.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

namespace roost::api {

Result<WriteLock> WriteLock::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail_errno(path, errno);
  return WriteLock(fd, path);
}

WriteLock::WriteLock(WriteLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

WriteLock& WriteLock::operator=(WriteLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

WriteLock::~WriteLock() {
  if (fd_ >= 0) ::close(fd_);
}

bool WriteLock::take_turn(short type) const {
  struct flock turn {};
  turn.l_type = type;
  turn.l_whence = SEEK_SET;
  turn.l_len = 1;
  return ::fcntl(fd_, F_OFD_SETLK, &turn) == 0;
}

bool WriteLock::try_turn() const {
  return take_turn(F_WRLCK);
}

bool WriteLock::try_lock() const {
  return ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
}

/// Neither lock has a time-out, so it is polled with growing pauses; a write takes about a millisecond.
bool WriteLock::try_until(bool (WriteLock::*attempt)() const, std::chrono::steady_clock::time_point deadline) const {
  auto pause = std::chrono::microseconds(100);
  while (!(this->*attempt)()) {
    if (errno != EWOULDBLOCK && errno != EINTR && errno != EACCES) return false;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(2000));
  }
  return true;
}

Result<void> WriteLock::lock(int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  const bool has_turn = try_until(&WriteLock::try_turn, deadline);
  const bool locked = has_turn && try_until(&WriteLock::try_lock, deadline);
  const int error = errno;
  if (has_turn) take_turn(F_UNLCK);
  if (locked) return {};
  if (error != EWOULDBLOCK && error != EINTR && error != EACCES) return fail_errno(path_, error);
  return fail(fmt::format("{}: held by another writer for {} ms", path_, timeout_ms), Side::internal, true);
}

void WriteLock::unlock() {
  ::flock(fd_, LOCK_UN);
}

}  // namespace roost::api
