#include "api/log_store/log_rows.h"

#include <doctest/doctest.h>

#include "api/logs/log_record.h"

using namespace roost::api;

namespace {

constexpr int64_t kDayUs = 86'400'000'000;
constexpr KeptLogDays kKept{.today = 100, .keep_days = 2};

std::string call_at(int64_t time_us, std::string_view endpoint) {
  std::string line;
  append_json(line, ApiCall{.time_us = time_us,
                            .worker = "w1",
                            .request_id = "r1",
                            .method = "GET",
                            .endpoint = endpoint,
                            .status = 200,
                            .duration_us = 12});
  return line + "\n";
}

}  // namespace

TEST_CASE("log rows: a call, an access and a gap are rows of one form") {
  std::string lines = call_at(100 * kDayUs + 7, "/api/tweets");
  append_json(lines, DatabaseAccess{.time_us = 99 * kDayUs,
                                    .worker = "w1",
                                    .request_id = "",
                                    .operation = "UPDATE",
                                    .table = "tweets",
                                    .rows = 3,
                                    .duration_us = 5});
  lines += '\n';
  append_json(lines, LogGap{.time_us = 100 * kDayUs, .worker = "w1", .missing = 9});
  const LogRows rows = log_rows(lines, "h1", kKept);
  CHECK(rows.text ==
        "8640000000007\t0\th1\tw1\tr1\tGET\t/api/tweets\t200\t12\n"
        "8553600000000\t1\th1\tw1\t\tUPDATE\ttweets\t3\t5\n"
        "8640000000000\t2\th1\tw1\t\t\t\t9\t0\n");
  CHECK(rows.count == 3);
  CHECK(rows.left_out == 0);
  CHECK(rows.days == std::set<int64_t>{99, 100});
}

TEST_CASE("log rows: what COPY would take for its own marks is escaped, what PostgreSQL cannot hold is replaced") {
  const std::string lines = call_at(100 * kDayUs, "/a\\b\tc\nd\re") + call_at(100 * kDayUs, std::string("/a\0b", 4));
  const LogRows rows = log_rows(lines, "h1", kKept);
  CHECK(rows.count == 2);
  CHECK(rows.text.find("\t/a\\\\b\\tc\\nd\\re\t200") != std::string::npos);
  CHECK(rows.text.find("\t?\t200") != std::string::npos);
}

TEST_CASE("log rows: malformed lines and days that are not kept are left out and counted") {
  const std::string lines = "no JSON\n\n" + call_at(98 * kDayUs, "/old") + call_at(99 * kDayUs, "/kept") +
                            call_at(102 * kDayUs, "/the clock was wrong");
  const LogRows rows = log_rows(lines, "h1", kKept);
  CHECK(rows.count == 1);
  CHECK(rows.left_out == 3);
  CHECK(rows.text.find("/kept") != std::string::npos);
}
