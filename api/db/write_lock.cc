#include "api/db/write_lock.h"

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

Result<void> WriteLock::lock(int64_t timeout_ms) {
  // flock has no time-out, so it is asked again and again, ever more rarely: a write takes a millisecond or so.
  using namespace std::chrono;
  const auto deadline = steady_clock::now() + milliseconds(timeout_ms);
  auto pause = microseconds(100);
  while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno(path_, errno);
    if (steady_clock::now() >= deadline)
      return fail(fmt::format("{}: held by another writer for {} ms", path_, timeout_ms), Side::internal, true);
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, microseconds(5000));
  }
  return {};
}

void WriteLock::unlock() {
  ::flock(fd_, LOCK_UN);
}

}  // namespace roost::api
