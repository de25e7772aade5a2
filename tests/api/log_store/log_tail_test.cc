#include "api/log_store/log_tail.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "common/observe/log_file.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

/// A log of numbered lines, written as a worker's is, and a tail of it.
struct Log {
  explicit Log(uint64_t rotate_bytes = 0, unsigned keep = 4)
      : path(directory.file("requests-w1.log")), file(*observe::LogFile::open(path, rotate_bytes, keep)) {}
  void write(int first, int last) {
    for (int i = first; i <= last; ++i) {
      const std::string line = fmt::format("line {}\n", i);
      REQUIRE(file.rotate_if_due(line.size()));
      REQUIRE(file.write(line));
    }
  }
  ScratchDirectory directory;
  std::string path;
  observe::LogFile file;
};

/// All lines that there are, in one string.
std::string read_all(LogTail& tail) {
  std::string text;
  for (std::string_view lines = tail.next(); !lines.empty(); lines = tail.next()) {
    text += lines;
    tail.advance();
  }
  return text;
}

std::string numbered(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += fmt::format("line {}\n", i);
  return text;
}

}  // namespace

TEST_CASE("log tail: lines come once, in order, as they are written") {
  Log log;
  LogTail tail(log.path);
  tail.seek({});
  CHECK(tail.next().empty());
  log.write(1, 3);
  CHECK(tail.next() == numbered(1, 3));
  CHECK(tail.next() == numbered(1, 3));  // not moved past
  tail.advance();
  CHECK(tail.next().empty());
  log.write(4, 4);
  CHECK(read_all(tail) == numbered(4, 4));
  CHECK_FALSE(tail.take_lost());
}

TEST_CASE("log tail: a line that is not complete waits") {
  ScratchDirectory directory;
  const std::string path = directory.file("requests-w1.log");
  std::ofstream file(path);
  LogTail tail(path);
  tail.seek({});
  file << "li" << std::flush;
  CHECK(tail.next().empty());
  file << "ne 1\nlin" << std::flush;
  CHECK(read_all(tail) == "line 1\n");
  file << "e 2\n" << std::flush;
  CHECK(read_all(tail) == "line 2\n");
}

TEST_CASE("log tail: goes through rotated files to the one being written, and on while they are renamed") {
  Log log(40);
  log.write(1, 12);
  LogTail tail(log.path);
  tail.seek({});
  std::string text;
  int next = 13;
  for (std::string_view lines = tail.next(); !lines.empty(); lines = tail.next()) {
    text += lines;
    tail.advance();
    if (next < 19) log.write(next, next + 1);
    next += 2;
  }
  CHECK(text == numbered(1, 20).substr(0, text.size()));
  CHECK(text.size() >= numbered(1, 18).size());
  CHECK_FALSE(tail.take_lost());
}

TEST_CASE("log tail: another one goes on where the first stood, whatever the file is called by then") {
  Log log(100);
  log.write(1, 5);
  LogTail first(log.path);
  first.seek({});
  read_all(first);
  const LogPosition position = first.position();
  log.write(6, 30);
  LogTail second(log.path);
  second.seek(position);
  CHECK_FALSE(second.take_lost());
  CHECK(read_all(second) == numbered(6, 30));
}

TEST_CASE("log tail: a file that is gone is said to be lost, and what there is is read") {
  Log log(40, 2);
  log.write(1, 5);
  LogTail first(log.path);
  first.seek({});
  read_all(first);
  const LogPosition position = first.position();
  log.write(6, 40);  // through all that are kept
  LogTail second(log.path);
  second.seek(position);
  CHECK(second.take_lost());
  CHECK_FALSE(second.take_lost());
  const std::string text = read_all(second);
  CHECK(numbered(1, 40).ends_with(text));
  CHECK(text.size() > 40);
  // And while it is being read: the file that is open is read to its end.
  log.write(41, 42);
  CHECK(second.next().starts_with("line 41"));
  log.write(43, 99);
  second.advance();
  const std::string rest = read_all(second);
  CHECK(second.take_lost());
  CHECK(numbered(1, 99).ends_with(rest.substr(rest.size() - 20)));
}
