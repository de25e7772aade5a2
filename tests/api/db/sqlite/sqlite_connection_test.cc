#include "api/db/sqlite/sqlite_connection.h"

#include <doctest/doctest.h>

#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

std::unique_ptr<SqliteConnection> open(const std::string& path, SqliteConnection::Mode mode) {
  auto opened = SqliteConnection::open(path, mode, nullptr);
  REQUIRE(opened);
  return std::move(*opened);
}

}  // namespace

// What the journal of likes relies on: its likes leave it once a commit has answered.
TEST_CASE("a commit is on stable storage when it answers") {
  ScratchDirectory directory;
  const auto writer = open(directory.file("db"), SqliteConnection::Mode::write);
  CHECK(single_integer(*writer, "PRAGMA synchronous") == 2);  // FULL
}

TEST_CASE("no connection checkpoints by itself, neither while it lives nor at its end") {
  ScratchDirectory directory;
  const std::string path = directory.file("db");
  auto writer = open(path, SqliteConnection::Mode::write);
  auto reader = open(path, SqliteConnection::Mode::read);
  CHECK(single_integer(*writer, "PRAGMA wal_autocheckpoint") == 0);
  CHECK(single_integer(*reader, "PRAGMA wal_autocheckpoint") == 0);
  REQUIRE(writer->write([&] { return writer->execute("CREATE TABLE t(a)"); }));
  reader.reset();
  writer.reset();
  CHECK(std::filesystem::file_size(path + "-wal") > 0);
}

TEST_CASE("a write transaction holds the lock from before its beginning to after its end") {
  ScratchDirectory directory;
  const std::string path = directory.file("db");
  const auto writer = open(path, SqliteConnection::Mode::write);
  auto other = WriteLock::open(path + ".write-lock");
  REQUIRE(other);
  bool had = true;
  REQUIRE(writer->write([&]() -> Result<void> {
    had = other->lock(0).has_value();
    return {};
  }));
  CHECK_FALSE(had);
  CHECK(other->lock(0));
}
