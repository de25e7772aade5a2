#include "batcher/posix_disk.h"

#include <algorithm>
#include <cerrno>

#include <doctest/doctest.h>

#include "tests/batcher/temporary_directory.h"

namespace roost::batcher {

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
  CHECK(disk.lock_directory(a).error().code == ENOENT);
  REQUIRE(disk.create_directory(a));
  auto lock = disk.lock_directory(a);
  REQUIRE(lock);
  CHECK(disk.lock_directory(a).error().code == EWOULDBLOCK);
  REQUIRE(disk.rename(a, b));
  CHECK(disk.lock_directory(b).error().code == EWOULDBLOCK);
  lock->reset();
  CHECK(disk.lock_directory(b));
}

}  // namespace roost::batcher
