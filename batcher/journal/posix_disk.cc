#include "batcher/journal/posix_disk.h"

#include <cerrno>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roost::batcher {
namespace {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

class PosixFile final : public DiskFile {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return fail_errno("stat " + path_, errno);
    return static_cast<uint64_t>(status.st_size);
  }

  Result<size_t> pread(char* into, size_t size, uint64_t offset) override {
    while (true) {
      const ssize_t count = ::pread(fd_.get(), into, size, static_cast<off_t>(offset));
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return fail_errno("read " + path_, errno);
    }
  }

  Result<void> pwrite(std::string_view bytes, uint64_t offset) override {
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return fail_errno("write " + path_, count < 0 ? errno : EIO);
      bytes.remove_prefix(static_cast<size_t>(count));
      offset += static_cast<uint64_t>(count);
    }
    return {};
  }

  Result<void> preallocate(uint64_t size) override {
    int error = EINTR;
    while (error == EINTR) error = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (error != 0) return fail_errno("allocate space for " + path_, error);
    return {};
  }

  Result<void> datasync() override {
    // Never retried, not even after EINTR: the kernel may have dropped the pages that it failed to write.
    if (::fdatasync(fd_.get()) != 0) return fail_errno("sync " + path_, errno);
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class FlockLock final : public DirectoryLock {
 public:
  explicit FlockLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

Result<std::unique_ptr<DiskFile>> open_file(const std::string& path, int flags, const char* verb) {
  Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC, 0640));
  if (!fd.valid()) return fail_errno(verb + path, errno);
  return std::unique_ptr<DiskFile>(std::make_unique<PosixFile>(std::move(fd), path));
}

}  // namespace

Result<void> PosixDisk::create_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) != 0) return fail_errno("make directory " + path, errno);
  return {};
}

Result<void> PosixDisk::remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return fail_errno("remove directory " + path, errno);
  return {};
}

Result<std::unique_ptr<DiskFile>> PosixDisk::create(const std::string& path) {
  return open_file(path, O_RDWR | O_CREAT | O_EXCL, "make ");
}

Result<std::unique_ptr<DiskFile>> PosixDisk::open(const std::string& path) {
  return open_file(path, O_RDONLY, "open ");
}

Result<void> PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename " + from + " to " + to, errno);
  return {};
}

Result<void> PosixDisk::unlink(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return fail_errno("remove " + path, errno);
  return {};
}

Result<std::vector<std::string>> PosixDisk::list(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return fail_errno("list " + path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  const int error = errno;
  ::closedir(directory);
  // A partial list would hide segments.
  if (error != 0) return fail_errno("list " + path, error);
  return names;
}

Result<void> PosixDisk::sync_directory(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_errno("sync directory " + path, errno);
  return {};
}

Result<std::unique_ptr<DirectoryLock>> PosixDisk::lock_directory(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno("open directory " + path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return fail_errno("lock " + path, errno);
  // The path may have been renamed or replaced between opening and locking.
  struct stat locked {};
  struct stat named {};
  if (::fstat(fd.get(), &locked) != 0 || ::stat(path.c_str(), &named) != 0) return fail_errno("lock " + path, errno);
  if (locked.st_ino != named.st_ino || locked.st_dev != named.st_dev) return fail_errno("lock " + path, ENOENT);
  return std::unique_ptr<DirectoryLock>(std::make_unique<FlockLock>(std::move(fd)));
}

}  // namespace roost::batcher
