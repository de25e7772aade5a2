#include "api/logs/log_reader.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "common/observe/log_writer.h"
#include "tests/common/observe/test_directory.h"

using namespace roost::api;
namespace observe = roost::observe;

namespace {

std::string api_call(int64_t time_us, const std::string& worker, const std::string& endpoint,
                     const std::string& method = "GET") {
  std::string line;
  append_json(line, ApiCall{time_us, worker, "", method, endpoint, 200, 1});
  return line + "\n";
}
std::string db(int64_t time_us, const std::string& worker, const std::string& table) {
  std::string line;
  append_json(line, DatabaseAccess{time_us, worker, "", "SELECT", table, 1, 1});
  return line + "\n";
}
LogAnswer ask(const observe::TestDirectory& directory, const LogQuery& query = {}) {
  auto answer = read_request_logs(directory.path(), query);
  REQUIRE(answer);
  return std::move(*answer);
}
std::string subjects(const LogAnswer& answer) {
  std::string all;
  for (const LogRecord& record : answer.records) all += record.subject + " ";
  return all;
}

struct ThreeWorkers {
  observe::TestDirectory directory;
  ThreeWorkers() {
    directory.write("requests-a.log.2", api_call(1, "a", "/1") + db(2, "a", "t2"));
    directory.write("requests-a.log.1", api_call(5, "a", "/5"));
    directory.write("requests-a.log", api_call(9, "a", "/9", "POST") + "{\"time_us\":10,\"ki");
    directory.write("requests-b.log",
                    api_call(3, "b", "/3") + api_call(6, "b", "/6") + "not json\n" + db(8, "b", "t8"));
    directory.write("requests-c.log", api_call(4, "c", "/4") + "\n" + api_call(7, "c", "/7"));
    directory.write("access.log", api_call(100, "x", "/other"));
    directory.write("requests-d.log.x", api_call(100, "x", "/other"));
    directory.write("requests-d.logs", api_call(100, "x", "/other"));
  }
};

}  // namespace

TEST_CASE_FIXTURE(ThreeWorkers, "all workers' records are merged by time, newest last") {
  const LogAnswer answer = ask(directory);
  CHECK_EQ(subjects(answer), "/1 t2 /3 /4 /5 /6 /7 t8 /9 ");
  CHECK_FALSE(answer.incomplete);
  CHECK_EQ(answer.malformed_lines, 1);
}

TEST_CASE_FIXTURE(ThreeWorkers, "a query filters, and its limit keeps the newest") {
  CHECK_EQ(subjects(ask(directory, {.limit = 3})), "/7 t8 /9 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 1})), "/9 ");
  CHECK_EQ(subjects(ask(directory, {.since_us = 7})), "/7 t8 /9 ");
  CHECK_EQ(subjects(ask(directory, {.kind = RecordKind::db})), "t2 t8 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 1, .kind = RecordKind::db})), "t8 ");
  CHECK_EQ(subjects(ask(directory, {.method = "post"})), "/9 ");
  CHECK_EQ(subjects(ask(directory, {.method = "select"})), "t2 t8 ");
  CHECK_EQ(subjects(ask(directory, {.path_prefix = "/6"})), "/6 ");
  CHECK_EQ(subjects(ask(directory, {.path_prefix = "/nothing"})), "");
}

TEST_CASE("ties go by worker, then by the order in the file") {
  const observe::TestDirectory directory;
  directory.write("requests-b.log", api_call(5, "b", "b1") + api_call(5, "b", "b2"));
  directory.write("requests-a.log", api_call(5, "a", "a1") + api_call(5, "a", "a2"));
  CHECK_EQ(subjects(ask(directory)), "a1 a2 b1 b2 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 3})), "a2 b1 b2 ");
}

TEST_CASE("records a little out of order in a file are put right, with a limit too") {
  const observe::TestDirectory directory;
  directory.write("requests-a.log",
                  api_call(100'000, "a", "1") + api_call(150'000, "a", "3") + api_call(149'000, "a", "2"));
  directory.write("requests-b.log", api_call(149'500, "b", "2.5"));
  CHECK_EQ(subjects(ask(directory)), "1 2 2.5 3 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 1})), "3 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 2})), "2.5 3 ");
  CHECK_EQ(subjects(ask(directory, {.since_us = 149'500})), "2.5 3 ");
}

TEST_CASE("records from before the clock was set back stand before those behind them, whatever their time") {
  constexpr int64_t kHourUs = 3'600'000'000;
  const observe::TestDirectory directory;
  directory.write("requests-a.log", api_call(2 * kHourUs, "a", "1") + api_call(2 * kHourUs + 1'000'000, "a", "2") +
                                        api_call(kHourUs + 2'000'000, "a", "3") +
                                        api_call(kHourUs + 3'000'000, "a", "5"));
  directory.write("requests-b.log", api_call(kHourUs + 2'500'000, "b", "4"));
  CHECK_EQ(subjects(ask(directory)), "1 2 3 4 5 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 3})), "3 4 5 ");
  CHECK_EQ(subjects(ask(directory, {.limit = 1})), "5 ");
}

TEST_CASE("thousands of records come back, no more than were asked for") {
  const observe::TestDirectory directory;
  std::string files[3];
  for (int i = 0; i < 30'000; ++i) files[i % 3] += api_call(i * 1000, "w", std::to_string(i));
  for (int i = 0; i < 3; ++i) directory.write("requests-" + std::to_string(i) + ".log", files[i]);
  const LogAnswer all = ask(directory, {.limit = LogQuery::kMaxLimit * 10});
  REQUIRE_EQ(all.records.size(), 30'000);
  for (int i = 0; i < 30'000; ++i) REQUIRE_EQ(all.records[static_cast<size_t>(i)].subject, std::to_string(i));
  const LogAnswer some = ask(directory, {.limit = 1000});
  REQUIRE_EQ(some.records.size(), 1000);
  CHECK_EQ(some.records.front().subject, "29000");
  CHECK_EQ(some.records.back().subject, "29999");
}

TEST_CASE("reading stops at its bound and says so") {
  const observe::TestDirectory directory;
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) bytes += api_call(i * int64_t{1'000'000}, "w", std::to_string(i));
  directory.write("requests-w.log", bytes);
  const LogAnswer answer = ask(directory, {.limit = 20'000, .max_scan_bytes = 200'000});
  CHECK(answer.incomplete);
  REQUIRE_GT(answer.records.size(), 100);
  CHECK_LT(answer.records.size(), 3000);
  CHECK_EQ(answer.records.back().subject, "9999");
}

TEST_CASE("files beyond the limit are left out, oldest first") {
  const observe::TestDirectory directory;
  for (size_t i = 0; i <= kMaxLogFiles; ++i) {
    directory.write("requests-w.log." + std::to_string(i + 1), api_call(static_cast<int64_t>(1000 - i), "w", "/"));
  }
  const LogAnswer answer = ask(directory);
  CHECK(answer.incomplete);
  CHECK_EQ(answer.records.size(), kMaxLogFiles);
  CHECK_EQ(answer.records.back().time_us, 1000);
}

TEST_CASE("a directory that cannot be read is an error, an empty one is not") {
  const observe::TestDirectory directory;
  CHECK(ask(directory).records.empty());
  CHECK_FALSE(read_request_logs(directory.file("nothing"), {}));
}

TEST_CASE("a reader sees every flushed record once while the file is written and rotated") {
  const observe::TestDirectory directory;
  auto writer = observe::LogWriter::open({.path = request_log_path(directory.path(), "w"),
                                          .rotate_bytes = 50'000,
                                          .keep_files = 100,
                                          .overflow = observe::Overflow::wait,
                                          .max_wait_ms = 60'000});
  REQUIRE(writer);
  std::atomic<int64_t> flushed{0};
  std::jthread appender([&] {
    for (int64_t i = 1; i <= 5000; ++i) {
      std::string line;
      append_json(line, ApiCall{i, "w", "", "GET", "/", 200, 1});
      (*writer)->append(line);
      if (i % 100 != 0) continue;
      (*writer)->flush();
      flushed = i;
    }
  });
  for (int round = 0; round < 30 || flushed < 5000; ++round) {
    const int64_t at_least = flushed;
    const LogAnswer answer = ask(directory, {.limit = LogQuery::kMaxLimit});
    REQUIRE_EQ(answer.malformed_lines, 0);
    REQUIRE_GE(static_cast<int64_t>(answer.records.size()), at_least);
    for (size_t i = 0; i < answer.records.size(); ++i)
      REQUIRE_EQ(answer.records[i].time_us, static_cast<int64_t>(i + 1));
  }
}

TEST_CASE("a gap record makes an answer that reaches behind it incomplete") {
  const observe::TestDirectory directory;
  std::string gap;
  append_json(gap, LogGap{.time_us = 5, .worker = "b", .missing = 3});
  directory.write("requests-a.log", api_call(1, "a", "/1") + api_call(9, "a", "/9"));
  directory.write("requests-b.log", api_call(2, "b", "/2") + gap + "\n" + api_call(8, "b", "/8"));
  const LogAnswer whole = ask(directory);
  CHECK(whole.incomplete);
  CHECK_EQ(subjects(whole), "/1 /2 /8 /9 ");
  CHECK_EQ(whole.malformed_lines, 0);
  CHECK(ask(directory, {.method = "POST"}).incomplete);
  CHECK_FALSE(ask(directory, {.since_us = 6}).incomplete);
}
