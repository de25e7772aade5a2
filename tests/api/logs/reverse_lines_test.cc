#include "api/logs/reverse_lines.h"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "api/logs/log_record.h"
#include "tests/common/observe/test_directory.h"

using namespace roost::api;
namespace observe = roost::observe;

namespace {

ReverseLines open(const observe::TestDirectory& directory, const std::string& bytes) {
  directory.write("f", bytes);
  return ReverseLines(::open(directory.file("f").c_str(), O_RDONLY | O_CLOEXEC));
}

std::vector<std::string> lines_of(const observe::TestDirectory& directory, const std::string& bytes) {
  ReverseLines lines = open(directory, bytes);
  std::vector<std::string> all;
  while (const auto line = lines.next()) all.emplace_back(*line);
  CHECK_FALSE(lines.next());
  return all;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines come last first, and what has no newline yet is left out") {
  const observe::TestDirectory directory;
  CHECK_EQ(lines_of(directory, ""), Lines{});
  CHECK_EQ(lines_of(directory, "torn"), Lines{});
  CHECK_EQ(lines_of(directory, "\n"), Lines{""});
  CHECK_EQ(lines_of(directory, "a\n"), Lines{"a"});
  CHECK_EQ(lines_of(directory, "a\nb\n\ntorn"), Lines{"", "b", "a"});
}

TEST_CASE("lines that lie across blocks are whole") {
  const observe::TestDirectory directory;
  std::mt19937 random(3);
  Lines expected;
  std::string bytes;
  for (int i = 0; i < 400; ++i) {
    expected.insert(expected.begin(), std::string(random() % 2000, static_cast<char>('a' + i % 26)));
    bytes += expected.front() + "\n";
  }
  REQUIRE_GT(bytes.size(), 4 * ReverseLines::kBlockBytes);
  CHECK_EQ(lines_of(directory, bytes), expected);
  CHECK_EQ(lines_of(directory, bytes + std::string(3 * ReverseLines::kBlockBytes, 't')), expected);
}

TEST_CASE("a newline at a block's edge ends one line and not two") {
  const observe::TestDirectory directory;
  for (const size_t size : {ReverseLines::kBlockBytes - 2, ReverseLines::kBlockBytes - 1, ReverseLines::kBlockBytes}) {
    const std::string second(size - 1, 'b');
    CHECK_EQ(lines_of(directory, "a\n" + second + "\n"), Lines{second, "a"});
  }
}

TEST_CASE("a line beyond the limit is left out and counted, its neighbours are not") {
  const observe::TestDirectory directory;
  const std::string longest(kMaxRecordBytes, 'l');
  const std::string endless(5 * kMaxRecordBytes, 'e');
  ReverseLines lines = open(directory, "a\n" + endless + "\n" + longest + "\nb\n");
  CHECK_EQ(lines.next(), "b");
  CHECK_EQ(lines.next(), longest);
  CHECK_EQ(lines.next(), "a");
  CHECK_FALSE(lines.next());
  CHECK_EQ(lines.lines_too_long(), 1);
  CHECK_GT(lines.bytes_read(), 5 * kMaxRecordBytes);
}

TEST_CASE("lines that come after the file was opened are read, those after the first read are not") {
  const observe::TestDirectory directory;
  ReverseLines lines = open(directory, "");
  directory.write("f", "a\nb\n");
  CHECK_EQ(lines.next(), "b");
  directory.write("f", "a\nb\nc\n");
  CHECK_EQ(lines.next(), "a");
  CHECK_FALSE(lines.next());
}

TEST_CASE("a descriptor that cannot be read ends at once and says so") {
  ReverseLines lines(-1);
  CHECK_FALSE(lines.next());
  CHECK(lines.failed());
}
