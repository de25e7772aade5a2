#include "batcher/journal/posix_disk.h"

#include <algorithm>
#include <cerrno>
#include <functional>

#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/batcher/temporary_directory.h"

namespace {
/// What happens between opening a directory and locking it.
std::function<void()> before_flock;  // NOLINT: the C function below has nowhere else to look
}  // namespace

/// Instead of the C library's.
extern "C" int flock(int fd, int operation) noexcept {
  if (before_flock) std::exchange(before_flock, nullptr)();
  return static_cast<int>(::syscall(SYS_flock, fd, operation));
}

namespace roost::batcher {
namespace {

/// Why a directory cannot be locked; 0 when it can.
int lock_error(PosixDisk& disk, const std::string& path) {
  const auto lock = disk.lock_directory(path);
  return lock ? 0 : lock.error().code;
}

}  // namespace

TEST_CASE("files and directories of the machine") {
  const TemporaryDirectory directory;
  const std::string root = directory.path() + "/root";
  PosixDisk disk;
  REQUIRE(disk.create_directory(root));
  CHECK(disk.create_directory(root).error().code == EEXIST);

  auto file = disk.create(root + "/a");
  REQUIRE(file);
  CHECK(disk.create(root + "/a").error().code == EEXIST);
  REQUIRE((*file)->preallocate(8192));
  CHECK((*file)->size().value() == 8192);
  REQUIRE((*file)->pwrite("hello", 4000));
  REQUIRE((*file)->datasync());
  REQUIRE(disk.sync_directory(root));

  auto again = disk.open(root + "/a");
  REQUIRE(again);
  std::string bytes(6, '?');
  CHECK((*again)->pread(bytes.data(), bytes.size(), 4000).value() == 6);
  CHECK(bytes == std::string("hello\0", 6));
  CHECK((*again)->pread(bytes.data(), bytes.size(), 8190).value() == 2);
  CHECK(disk.open(root + "/b").error().code == ENOENT);

  REQUIRE(disk.rename(root + "/a", root + "/b"));
  CHECK(disk.list(root).value() == std::vector<std::string>{"b"});
  CHECK(disk.remove_directory(root).error().code == ENOTEMPTY);
  REQUIRE(disk.unlink(root + "/b"));
  CHECK(disk.unlink(root + "/b").error().code == ENOENT);
  REQUIRE(disk.remove_directory(root));
  CHECK(disk.list(root).error().code == ENOENT);
}

TEST_CASE("a directory has one lock, which goes with it when it is renamed") {
  const TemporaryDirectory directory;
  const std::string a = directory.path() + "/a";
  const std::string b = directory.path() + "/b";
  PosixDisk disk;
  CHECK(lock_error(disk, a) == ENOENT);
  REQUIRE(disk.create_directory(a));
  auto lock = disk.lock_directory(a);
  REQUIRE(lock);
  CHECK(lock_error(disk, a) == EWOULDBLOCK);
  REQUIRE(disk.rename(a, b));
  CHECK(lock_error(disk, b) == EWOULDBLOCK);
  lock->reset();
  CHECK(disk.lock_directory(b));
}

TEST_CASE("a directory that was moved away before it was locked is not there") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  PosixDisk disk;
  REQUIRE(disk.create_directory(path));
  before_flock = [&] { REQUIRE(disk.rename(path, path + ".done")); };
  SUBCASE("nothing stands under its name") {
    CHECK(lock_error(disk, path) == ENOENT);
  }
  SUBCASE("another one stands under its name") {
    before_flock = [&] {
      REQUIRE(disk.rename(path, path + ".done"));
      REQUIRE(disk.create_directory(path));
    };
    CHECK(lock_error(disk, path) == ENOENT);
    CHECK(disk.lock_directory(path));
  }
  CHECK(disk.lock_directory(path + ".done"));  // The one that was locked in error was let go.
}

}  // namespace roost::batcher
