#include "common/observe/log_writer.h"

#include <atomic>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/observe/event_log.h"
#include "tests/common/observe/test_directory.h"

using namespace roost::observe;

namespace {

struct Events {
  std::vector<std::string> lines;
  EventLog log{[this](EventLevel, std::string_view line) { lines.emplace_back(line); }};
};

std::unique_ptr<LogWriter> open(LogWriterOptions options, EventLog& events) {
  options.report = log_report(events, options.path);
  auto writer = LogWriter::open(std::move(options));
  REQUIRE(writer);
  return std::move(*writer);
}

// A pipe nobody reads blocks the writing thread once its 64 KiB are full: the disk that does not keep up.
struct StuckPipe {
  explicit StuckPipe(const TestDirectory& directory) : path(directory.file("pipe")) {
    REQUIRE_EQ(::mkfifo(path.c_str(), 0600), 0);
    reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    REQUIRE_GE(reader, 0);
  }
  ~StuckPipe() { ::close(reader); }
  std::string drain(size_t bytes) const {
    std::string all;
    char chunk[4096];
    while (all.size() < bytes) {
      const ssize_t got = ::read(reader, chunk, sizeof chunk);
      if (got > 0) all.append(chunk, static_cast<size_t>(got));
      if (got <= 0) std::this_thread::yield();
    }
    return all;
  }
  /// Fills it to the last byte; returns with how many.
  size_t fill() const {
    const int writer = ::open(path.c_str(), O_WRONLY | O_NONBLOCK);
    REQUIRE_GE(writer, 0);
    size_t filled = 0;
    for (const std::string page(4096, '.');;) {
      const ssize_t written = ::write(writer, page.data(), page.size());
      if (written <= 0) break;
      filled += static_cast<size_t>(written);
    }
    ::close(writer);
    return filled;
  }
  std::string path;
  int reader = -1;
};

}  // namespace

TEST_CASE("flush returns when the lines are in the file") {
  const TestDirectory directory;
  Events events;
  auto writer = open({.path = directory.file("a.log")}, events.log);
  CHECK(writer->flush());
  CHECK(writer->append("one"));
  CHECK(writer->append(""));
  CHECK(writer->append("two"));
  CHECK(writer->flush());
  CHECK_EQ(directory.read("a.log"), "one\n\ntwo\n");
  CHECK_EQ(writer->stats().lines, 3);
  CHECK_EQ(writer->stats().lost, 0);
}

TEST_CASE("the destructor writes what is there") {
  const TestDirectory directory;
  Events events;
  {
    auto writer = open({.path = directory.file("a.log"), .pause_us = 10'000'000}, events.log);
    writer->append("one");
    writer->flush();
    writer->append("two");
  }
  CHECK_EQ(directory.read("a.log"), "one\ntwo\n");
}

TEST_CASE("many threads' lines all arrive, whole and each thread's in order, over rotated files") {
  constexpr int kThreads = 4;
  constexpr int kLines = 5000;
  const TestDirectory directory;
  Events events;
  {
    auto writer = open({.path = directory.file("a.log"),
                        .rotate_bytes = 20'000,
                        .keep_files = 1000,
                        .buffer_bytes = 4096,
                        .overflow = Overflow::wait,
                        .max_wait_ms = 60'000},
                       events.log);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&writer, t] {
        for (int i = 0; i < kLines; ++i) {
          if (!writer->append(std::to_string(t) + " " + std::to_string(i) + " end")) std::abort();
          if (i % 1000 == 0) writer->flush();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK_EQ(writer->stats().dropped, 0);
  }
  std::map<int, int> next;
  unsigned number = 1000;
  while (number > 0 && !directory.has("a.log." + std::to_string(number))) --number;
  CHECK_GE(number, 5);
  for (;; --number) {
    std::istringstream file(directory.read(number == 0 ? "a.log" : "a.log." + std::to_string(number)));
    int thread = 0;
    int line = 0;
    std::string end;
    while (file >> thread >> line >> end) {
      REQUIRE_EQ(line, next[thread]++);
      REQUIRE_EQ(end, "end");
    }
    if (number == 0) break;
  }
  for (int t = 0; t < kThreads; ++t) CHECK_EQ(next[t], kLines);
  CHECK(events.lines.empty());
}

TEST_CASE("with Overflow::drop a full buffer refuses lines and counts them") {
  const TestDirectory directory;
  const StuckPipe pipe(directory);
  Events events;
  auto writer = open({.path = pipe.path, .buffer_bytes = 1024}, events.log);
  CHECK_FALSE(writer->append(std::string(1024, 'x')));  // with its newline it could never fit
  const std::string line(99, 'x');
  uint64_t accepted = 0;
  while (writer->append(line) || accepted < 600) ++accepted;  // 64 KiB of pipe, then both buffers
  const LogWriterStats stats = writer->stats();
  CHECK_GE(stats.dropped, 2);
  const std::string written = pipe.drain(stats.lines * 100);
  CHECK(writer->flush());
  CHECK_EQ(written.size(), stats.lines * 100);
}

TEST_CASE("with Overflow::wait a full buffer makes append wait, and nothing is lost") {
  constexpr size_t kLines = 2000;
  const TestDirectory directory;
  const StuckPipe pipe(directory);
  Events events;
  auto writer =
      open({.path = pipe.path, .buffer_bytes = 1024, .overflow = Overflow::wait, .max_wait_ms = 60'000}, events.log);
  CHECK_FALSE(writer->append(std::string(1024, 'x')));
  std::atomic<size_t> appended{0};
  std::thread appender([&] {
    for (; appended < kLines; ++appended) writer->append(std::string(99, 'x'));
  });
  CHECK_EQ(pipe.drain(kLines * 100).size(), kLines * 100);
  appender.join();
  CHECK_EQ(appended, kLines);
  CHECK_EQ(writer->stats().lines, kLines);
  CHECK_EQ(writer->stats().dropped, 1);
}

TEST_CASE(
    "with Overflow::wait a file that takes nothing makes append wait once, then drop until it takes lines again") {
  const TestDirectory directory;
  const StuckPipe pipe(directory);
  Events events;
  auto writer =
      open({.path = pipe.path, .buffer_bytes = 1024, .overflow = Overflow::wait, .max_wait_ms = 1}, events.log);
  const size_t filled = pipe.fill();
  const std::string line(99, 'x');
  // With more lines than one buffer holds, the thread has the first buffer and can write none of it.
  constexpr int kLinesOfABuffer = 10;
  for (int accepted = 0;;) {
    if (writer->append(line)) {
      ++accepted;
    } else if (accepted > kLinesOfABuffer) {
      break;
    }
  }
  const uint64_t before = writer->stats().dropped;
  for (int i = 0; i < 1'000; ++i) REQUIRE_FALSE(writer->append(line));  // a wait each would be a second
  CHECK_FALSE(writer->flush(1));
  const LogWriterStats stats = writer->stats();
  CHECK_EQ(stats.dropped, before + 1'000);
  CHECK_EQ(stats.missing, stats.dropped);
  pipe.drain(filled + stats.lines * 100);
  CHECK(writer->flush());
  CHECK(writer->append(line));
}

TEST_CASE("the destructor gives up a write that does not end") {
  const TestDirectory directory;
  const StuckPipe pipe(directory);
  Events events;
  std::string begun;
  {
    auto writer = open({.path = pipe.path, .buffer_bytes = 256 << 10, .give_up_ms = 1}, events.log);
    writer->append(std::string(200'000, 'x'));  // more than the pipe holds
    begun = pipe.drain(1);
  }
  CHECK_EQ(begun.size() + pipe.drain(200'001 - begun.size()).size(), 200'001);  // the thread goes on by itself
}

TEST_CASE("a gap line stands where lines are missing, once") {
  const TestDirectory directory;
  Events events;
  const auto gap_line = [](uint64_t missing) { return "missing " + std::to_string(missing); };
  auto writer = open({.path = directory.file("a.log"), .buffer_bytes = 16, .gap_line = gap_line}, events.log);
  CHECK(writer->append("one"));
  CHECK(writer->flush());
  CHECK_FALSE(writer->append(std::string(16, 'x')));
  CHECK_FALSE(writer->append(std::string(16, 'x')));
  CHECK_EQ(writer->stats().missing, 2);
  CHECK(writer->append("two"));
  CHECK(writer->flush());
  CHECK_EQ(writer->stats().missing, 0);
  CHECK(writer->append("three"));
  CHECK(writer->flush());
  CHECK_FALSE(writer->append(std::string(16, 'x')));
  writer.reset();
  CHECK_EQ(directory.read("a.log"), "one\nmissing 2\ntwo\nthree\nmissing 1\n");
}

TEST_CASE("an open descriptor is written to as it is") {
  int ends[2];
  REQUIRE_EQ(::pipe(ends), 0);
  Events events;
  {
    auto writer = open({.path = "a pipe", .descriptor = ends[1]}, events.log);
    writer->append("one");
    writer->reopen();
    writer->append("two");
  }
  char text[32] = {};
  CHECK_EQ(::read(ends[0], text, sizeof text), 8);
  CHECK_EQ(std::string(text), "one\ntwo\n");
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(events.lines.empty());
}

TEST_CASE("a full disk is counted and reported once, and stops nothing") {
  Events events;
  {
    auto writer = open({.path = "/dev/full", .overflow = Overflow::wait}, events.log);
    for (int i = 0; i < 3; ++i) {
      CHECK(writer->append("line"));
      CHECK_FALSE(writer->flush());
    }
    CHECK(writer->flush());
    CHECK_EQ(writer->stats().lost, 3);
    CHECK_EQ(writer->stats().write_errors, 3);
  }
  REQUIRE_EQ(events.lines.size(), 1);
  CHECK_EQ(events.lines[0], "log cannot be written error=\"write /dev/full: No space left on device\"");
}

TEST_CASE("reopen continues under the path") {
  const TestDirectory directory;
  Events events;
  auto writer = open({.path = directory.file("a.log")}, events.log);
  writer->append("one");
  writer->flush();
  std::filesystem::rename(directory.file("a.log"), directory.file("moved"));
  writer->reopen();
  while (!directory.has("a.log")) std::this_thread::yield();
  writer->append("two");
  writer->flush();
  CHECK_EQ(directory.read("moved"), "one\n");
  CHECK_EQ(directory.read("a.log"), "two\n");
}

TEST_CASE("a path that cannot be opened is an error") {
  CHECK_FALSE(LogWriter::open({.path = "/nonexistent/a.log"}));
  CHECK_FALSE(LogWriter::open({.path = "closed", .descriptor = 9'999}));
}
