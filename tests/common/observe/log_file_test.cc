#include "common/observe/log_file.h"

#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/common/observe/test_directory.h"

using namespace roost::observe;

TEST_CASE("a file is continued, and a torn last line is ended first") {
  const TestDirectory directory;
  directory.write("a.log", "one\ntwo\n");
  directory.write("b.log", "one\ntw");
  CHECK(LogFile::open(directory.file("a.log"), 0, 0)->write("three\n"));
  CHECK(LogFile::open(directory.file("b.log"), 0, 0)->write("three\n"));
  CHECK_EQ(directory.read("a.log"), "one\ntwo\nthree\n");
  CHECK_EQ(directory.read("b.log"), "one\ntw\nthree\n");
}

TEST_CASE("a file is rotated when it would grow too large, and the oldest goes") {
  const TestDirectory directory;
  auto file = LogFile::open(directory.file("a.log"), 10, 2);
  REQUIRE(file);
  for (const std::string line : {"first\n", "second\n", "third\n", "fourth\n", "5\n"}) {
    REQUIRE(file->rotate_if_due(line.size()));
    REQUIRE(file->write(line));
  }
  CHECK_EQ(directory.read("a.log"), "fourth\n5\n");
  CHECK_EQ(directory.read("a.log.1"), "third\n");
  CHECK_EQ(directory.read("a.log.2"), "second\n");
  CHECK_FALSE(directory.has("a.log.3"));
}

TEST_CASE("without files to keep, rotation starts afresh") {
  const TestDirectory directory;
  auto file = LogFile::open(directory.file("a.log"), 4, 0);
  REQUIRE(file->write("one\n"));
  REQUIRE(file->rotate_if_due(4));
  REQUIRE(file->write("two\n"));
  CHECK_EQ(directory.read("a.log"), "two\n");
  CHECK_FALSE(directory.has("a.log.1"));
}

TEST_CASE("a rotation that fails leaves the file in use") {
  const TestDirectory directory;
  auto file = LogFile::open(directory.file("a.log"), 4, 1);
  REQUIRE(file->write("one\n"));
  std::filesystem::create_directory(directory.file("a.log.1"));  // cannot be replaced by a file
  CHECK_FALSE(file->rotate_if_due(4));
  CHECK(file->rotate_if_due(4));  // tried again only after another rotate_bytes
  CHECK(file->write("two\n"));
  CHECK_EQ(directory.read("a.log"), "one\ntwo\n");
}

TEST_CASE("reopen follows a file that was renamed from outside") {
  const TestDirectory directory;
  auto file = LogFile::open(directory.file("a.log"), 0, 0);
  REQUIRE(file->write("one\n"));
  std::filesystem::rename(directory.file("a.log"), directory.file("moved"));
  REQUIRE(file->write("two\n"));
  REQUIRE(file->reopen());
  REQUIRE(file->write("three\n"));
  CHECK_EQ(directory.read("moved"), "one\ntwo\n");
  CHECK_EQ(directory.read("a.log"), "three\n");
}

TEST_CASE("what cannot be opened or written is said with its path") {
  const auto opened = LogFile::open("/nonexistent/a.log", 0, 0);
  REQUIRE_FALSE(opened);
  CHECK_EQ(opened.error().what, "open /nonexistent/a.log: No such file or directory");
  auto full = LogFile::open("/dev/full", 1, 1);
  REQUIRE(full);
  CHECK(full->rotate_if_due(100));  // a device is never rotated
  const auto written = full->write("x\n");
  REQUIRE_FALSE(written);
  CHECK_EQ(written.error().what, "write /dev/full: No space left on device");
}

TEST_CASE("an adopted descriptor of a file is appended to, whoever else writes there") {
  const TestDirectory directory;
  directory.write("out", "");
  const int standard_output = ::open(directory.file("out").c_str(), O_WRONLY);
  const int standard_error = ::open(directory.file("out").c_str(), O_WRONLY);
  auto first = LogFile::adopt(standard_output, "standard output");
  auto second = LogFile::adopt(standard_error, "standard error");
  ::close(standard_output);
  ::close(standard_error);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->write("one\n"));
  CHECK(second->write("two\n"));
  CHECK(first->rotate_if_due(100));
  CHECK(first->reopen());
  CHECK(first->write("three\n"));
  CHECK_EQ(directory.read("out"), "one\ntwo\nthree\n");
  CHECK_EQ(LogFile::adopt(9'999, "standard output").error().what, "write to standard output: Bad file descriptor");
}
