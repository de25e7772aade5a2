#include "proxy/upstream/body_spool.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace roost::proxy {

namespace {

/// A file without a name; on file systems that have none such, one whose name is removed at once. -1 and errno on
/// error.
int open_unnamed(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  std::string name = directory + "/roost-body-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

BodyFile::~BodyFile() {
  ::close(fd_);
  spool_.give_back(size_);
}

Result<void> BodyFile::append(std::string_view bytes) {
  if (!spool_.take(bytes.size())) {
    return fail(fmt::format("the bodies of requests take their {} bytes on disk already", spool_.most_bytes_));
  }
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count =
        ::pwrite(fd_, bytes.data() + written, bytes.size() - written, static_cast<off_t>(size_ + written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = count == 0 ? ENOSPC : errno;
      spool_.give_back(bytes.size());
      return fail_errno("write a request's body into " + spool_.directory_, error);
    }
    written += static_cast<size_t>(count);
  }
  size_ += bytes.size();
  return {};
}

Result<size_t> BodyFile::read(uint64_t offset, char* into, size_t most) const {
  for (;;) {
    const ssize_t count = ::pread(fd_, into, most, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return fail_errno("read a request's body from " + spool_.directory_, errno);
  }
}

Result<std::unique_ptr<BodyFile>> BodySpool::open() {
  const int fd = open_unnamed(directory_);
  if (fd < 0) return fail_errno("open a file for a request's body in " + directory_, errno);
  return std::unique_ptr<BodyFile>(new BodyFile(*this, fd));
}

bool BodySpool::take(uint64_t bytes) {
  uint64_t used = used_bytes();
  while (used + bytes <= most_bytes_) {
    if (used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace roost::proxy
