#include "api/log_store/log_table.h"

#include <doctest/doctest.h>

#include "api/logs/log_record.h"
#include "tests/api/db/postgres/pg_scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

constexpr int64_t kDayUs = 86'400'000'000;
constexpr KeptLogDays kKept{.today = 20'000, .keep_days = 3};
const std::string kSource = "00ff";

LogRows calls(int64_t day, int first, int last, std::string_view host = "h1") {
  std::string lines;
  for (int i = first; i <= last; ++i) {
    append_json(lines, ApiCall{.time_us = day * kDayUs + i,
                               .worker = "w1",
                               .request_id = std::to_string(i),
                               .method = "GET",
                               .endpoint = i % 2 == 0 ? "/api/tweets" : "/like/1",
                               .status = 200,
                               .duration_us = 5});
    lines += '\n';
  }
  return log_rows(lines, host, kKept);
}

struct LogTableFixture {
  PgScratch database{PgScratch::Schema::none};
  LogTable table{target_of(postgres_url()), {}};
  int64_t stored() { return database.integer("SELECT count(*) FROM request_logs"); }
  std::string ids(LogQuery query) {
    REQUIRE(table.open());
    const auto answer = table.read(query);
    REQUIRE(answer);
    std::string ids;
    for (const LogRecord& record : answer->records) ids += record.request_id + ' ';
    return ids;
  }
};

}  // namespace

TEST_CASE_FIXTURE(LogTableFixture,
                  "log table: rows and position move together, or neither" * doctest::skip(!has_postgres())) {
  REQUIRE(table.open());
  CHECK(table.position_of(kSource).value() == LogPosition());
  const LogPosition one{"aa", 100};
  const LogPosition two{"aa", 200};
  REQUIRE(table.append(kSource, {}, one, calls(20'000, 1, 3)));
  CHECK(table.position_of(kSource).value() == one);
  CHECK(stored() == 3);
  // From where it does not stand: the answer to the first was lost, and it is sent again.
  CHECK_FALSE(table.append(kSource, {}, one, calls(20'000, 1, 3)));
  CHECK_FALSE(table.is_open());
  REQUIRE(table.open());
  CHECK(stored() == 3);
  // Rows that the table refuses leave the position as it was.
  LogRows wrong = calls(20'000, 4, 4);
  wrong.text += "not a row\n";
  CHECK_FALSE(table.append(kSource, one, two, wrong));
  REQUIRE(table.open());
  CHECK(stored() == 3);
  CHECK(table.position_of(kSource).value() == one);
  REQUIRE(table.append(kSource, one, two, calls(20'000, 4, 5)));
  CHECK(stored() == 5);
  CHECK(table.position_of("abcd").value() == LogPosition());
}

TEST_CASE_FIXTURE(LogTableFixture, "log table: a megabyte in one COPY" * doctest::skip(!has_postgres())) {
  REQUIRE(table.open());
  const LogRows rows = calls(20'000, 1, 20'000);
  REQUIRE(rows.text.size() > 700'000);
  REQUIRE(table.append(kSource, {}, {"aa", 1}, rows));
  CHECK(stored() == 20'000);
}

TEST_CASE_FIXTURE(LogTableFixture,
                  "log table: days have partitions, and old ones go" * doctest::skip(!has_postgres())) {
  REQUIRE(table.open());
  REQUIRE(table.append(kSource, {}, {"aa", 1}, calls(19'998, 1, 1)));
  REQUIRE(table.keep(kKept));
  const auto partitions = [&] {
    return database.integer("SELECT count(*) FROM pg_inherits WHERE inhparent = 'request_logs'::regclass");
  };
  CHECK(partitions() == 3);  // the row's, today, tomorrow
  REQUIRE(table.keep(kKept));
  CHECK(partitions() == 3);
  REQUIRE(table.keep({.today = 20'001, .keep_days = 3}));
  CHECK(partitions() == 3);  // one more and one less
  CHECK(stored() == 0);
  // Dropped by somebody else, and needed again.
  database.run("DROP TABLE request_logs_20241004");
  CHECK_FALSE(table.append(kSource, {"aa", 1}, {"aa", 2}, calls(20'000, 1, 1)));
  REQUIRE(table.open());
  REQUIRE(table.append(kSource, {"aa", 1}, {"aa", 2}, calls(20'000, 1, 1)));
  CHECK(stored() == 1);
}

TEST_CASE_FIXTURE(LogTableFixture, "log table: queries as those of the files" * doctest::skip(!has_postgres())) {
  REQUIRE(table.open());
  REQUIRE(table.append(kSource, {}, {"aa", 1}, calls(20'000, 3, 4, "h2")));
  REQUIRE(table.append("11", {}, {"aa", 1}, calls(20'000, 1, 4, "h1")));
  CHECK(ids({}) == "1 2 3 3 4 4 ");
  CHECK(ids({.limit = 3}) == "3 4 4 ");
  CHECK(ids({.since_us = 20'000 * kDayUs + 3}) == "3 3 4 4 ");
  CHECK(ids({.method = "get", .path_prefix = "/like"}) == "1 3 3 ");
  CHECK(ids({.kind = RecordKind::db}).empty());
  CHECK(ids({.method = std::string("a\0b", 3)}).empty());
  const auto answer = table.read({.limit = 1});
  REQUIRE(answer);
  CHECK(answer->records.at(0).host == "h2");
  CHECK_FALSE(answer->incomplete);
  std::string line;
  append_json(line, LogGap{.time_us = 20'000 * kDayUs + 2, .worker = "w1", .missing = 7});
  REQUIRE(table.append("22", {}, {"aa", 1}, log_rows(line, "h1", kKept)));
  CHECK(ids({}) == "1 2 3 3 4 4 ");
  CHECK(table.read({})->incomplete);
  CHECK_FALSE(table.read({.since_us = 20'000 * kDayUs + 3})->incomplete);
}
