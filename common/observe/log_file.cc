#include "common/observe/log_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roost::observe {
namespace {

constexpr mode_t kFileMode = 0640;

bool ends_in_torn_line(int descriptor, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(descriptor, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

Result<LogFile> LogFile::open(std::string path, uint64_t rotate_bytes, unsigned keep_files) {
  LogFile file(std::move(path), rotate_bytes, keep_files);
  if (auto opened = file.reopen(); !opened) return tl::unexpected(opened.error());
  return file;
}

Result<LogFile> LogFile::adopt(int descriptor, std::string name) {
  LogFile file(std::move(name), 0, 0);
  file.adopted_ = true;
  file.regular_ = false;
  file.descriptor_ = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (file.descriptor_ < 0) return fail_errno("write to " + file.path_, errno);
  struct stat status {};
  const int flags = ::fcntl(descriptor, F_GETFL);
  // Else another descriptor of the same file, such as that of standard error, would overwrite what this one wrote.
  if (flags >= 0 && ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    ::fcntl(descriptor, F_SETFL, flags | O_APPEND);
  }
  return file;
}

LogFile::LogFile(std::string path, uint64_t rotate_bytes, unsigned keep_files)
    : path_(std::move(path)), rotate_bytes_(rotate_bytes), keep_files_(keep_files), rotate_at_(rotate_bytes) {}

LogFile::LogFile(LogFile&& other) noexcept
    : path_(std::move(other.path_)),
      rotate_bytes_(other.rotate_bytes_),
      keep_files_(other.keep_files_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      rotate_at_(other.rotate_at_),
      adopted_(other.adopted_),
      regular_(other.regular_),
      torn_(other.torn_) {}

LogFile::~LogFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> LogFile::reopen() {
  if (adopted_) return {};
  // Readable too, to look at the last byte.
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return fail_errno("open " + path_, errno);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    const int error = errno;
    ::close(descriptor);
    return fail_errno("stat " + path_, error);
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  // A device or a pipe (/dev/stderr, a FIFO) is never rotated.
  regular_ = S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<uint64_t>(status.st_size) : 0;
  torn_ = regular_ && ends_in_torn_line(descriptor, status.st_size);
  return {};
}

Result<void> LogFile::write(std::string_view lines) {
  if (torn_) {
    if (auto ended = write_all("\n"); !ended) return ended;
  }
  return write_all(lines);
}

Result<void> LogFile::rotate_if_due(size_t bytes) {
  if (!regular_ || rotate_bytes_ == 0 || size_ == 0 || size_ + bytes <= rotate_at_) return {};
  auto rotated = rotate();
  rotate_at_ = rotated ? rotate_bytes_ : size_ + rotate_bytes_;
  return rotated;
}

Result<void> LogFile::rotate() {
  const auto numbered = [this](unsigned number) { return fmt::format("{}.{}", path_, number); };
  if (keep_files_ == 0) {
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path_, errno);
    return reopen();
  }
  for (unsigned number = keep_files_; number > 0; --number) {
    const std::string from = number == 1 ? path_ : numbered(number - 1);
    if (::rename(from.c_str(), numbered(number).c_str()) != 0 && errno != ENOENT) {
      return fail_errno("rename " + from, errno);
    }
  }
  return reopen();
}

Result<void> LogFile::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written <= 0) {
      if (written < 0 && errno == EINTR) continue;
      return fail_errno("write " + path_, written < 0 ? errno : EIO);
    }
    size_ += static_cast<uint64_t>(written);
    torn_ = bytes[static_cast<size_t>(written) - 1] != '\n';
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace roost::observe
