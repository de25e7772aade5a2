#include "api/logs/log_record.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("an API call is one line of JSON, and is read back") {
  std::string line;
  append_json(line, ApiCall{1'700'000'000'123'456, "w1", "0af3", "GET", "/like/\"1\"?ä", 200, 312});
  CHECK_EQ(line, R"({"time_us":1700000000123456,"kind":"api","worker":"w1","request_id":"0af3","method":"GET",)"
                 R"("endpoint":"/like/\"1\"?ä","status":200,"duration_us":312})");
  const auto record = parse_record(line);
  REQUIRE(record);
  CHECK_EQ(record->kind, RecordKind::api);
  CHECK_EQ(record->time_us, 1'700'000'000'123'456);
  CHECK_EQ(record->worker, "w1");
  CHECK_EQ(record->request_id, "0af3");
  CHECK_EQ(record->verb, "GET");
  CHECK_EQ(record->subject, "/like/\"1\"?ä");
  CHECK_EQ(record->result, 200);
  CHECK_EQ(record->duration_us, 312);
  std::string again;
  append_json(again, *record);
  CHECK_EQ(again, line);
}

TEST_CASE("a database access is one line of JSON, and is read back") {
  std::string line;
  append_json(line, DatabaseAccess{7, "w2", "", "UPDATE", "tweets", 40, 1500});
  CHECK_EQ(line,
           R"({"time_us":7,"kind":"db","worker":"w2","request_id":"","operation":"UPDATE","table":"tweets","rows":40,)"
           R"("duration_us":1500})");
  const auto record = parse_record(line);
  REQUIRE(record);
  CHECK_EQ(record->kind, RecordKind::db);
  CHECK_EQ(record->verb, "UPDATE");
  CHECK_EQ(record->subject, "tweets");
  CHECK_EQ(record->result, 40);
  std::string again;
  append_json(again, *record);
  CHECK_EQ(again, line);
}

TEST_CASE("a field that is too long is cut between characters, and the longest line is within its limit") {
  std::string line;
  append_json(line, ApiCall{1, "w", "", "GET", "x" + std::string(kMaxFieldBytes, 'x') + "y", 200, 1});
  CHECK_EQ(parse_record(line)->subject, std::string(kMaxFieldBytes, 'x'));
  std::string euros;
  while (euros.size() < kMaxFieldBytes) euros += "€";
  line.clear();
  append_json(line, ApiCall{1, "w", "", "GET", euros, 200, 1});
  CHECK_EQ(parse_record(line)->subject, euros.substr(0, kMaxFieldBytes / 3 * 3));

  const std::string worst(kMaxFieldBytes * 2, '\x01');
  line.clear();
  append_json(line, DatabaseAccess{INT64_MIN, worst, worst, worst, worst, INT64_MIN, INT64_MIN});
  CHECK_LE(line.size(), kMaxRecordBytes);
}

TEST_CASE("unknown fields are skipped, what lacks a kind or a time is nothing") {
  CHECK(parse_record(R"({"kind":"api","time_us":5,"new":true,"more":"x"})"));
  CHECK_FALSE(parse_record(R"({"kind":"api"})"));
  CHECK_FALSE(parse_record(R"({"time_us":5})"));
  CHECK_FALSE(parse_record(R"({"kind":"other","time_us":5})"));
  CHECK_FALSE(parse_record(R"({"kind":"api","time_us":-5})"));
  CHECK_FALSE(parse_record(R"({"kind":"api","time_us":5,"worker":"w)"));
  CHECK_FALSE(parse_record(""));
}

TEST_CASE("members are read in any order, with white space and escapes") {
  const auto record = parse_record(
      R"( {"endpoint":"\"\\\/\b\f\n\r\t\u00e4\u20ac\ud83d\ude00","st\u0061tus" : -12 ,"x":1.5,"y":true,"z":null, )"
      R"("rows":99999999999999999999,"kind":"api","time_us":9223372036854775807,"duration_us":-9223372036854775808} )");
  REQUIRE(record);
  CHECK_EQ(record->subject, "\"\\/\b\f\n\r\tä€😀");
  CHECK_EQ(record->result, -12);
  CHECK_EQ(record->time_us, INT64_MAX);
  CHECK_EQ(record->duration_us, INT64_MIN);
  std::string nul = R"({"kind":"api","time_us":5})";
  CHECK(parse_record(nul));
  nul += '\0';
  CHECK_FALSE(parse_record(nul));
}

TEST_CASE("a line that is no flat JSON object is nothing") {
  const std::string good = R"("kind":"api","time_us":5)";
  REQUIRE(parse_record("{" + good + "}"));
  REQUIRE(parse_record("{" + good + R"(,"a":1})"));
  for (const char* bad : {"{",
                          "}",
                          "[]",
                          "{\"a\"",
                          "{\"a\":",
                          "{\"a\":1",
                          "{\"a\":1,",
                          "{\"a\":1,}",
                          "{\"a\":}",
                          "{\"a\" 1}",
                          "{a:1}",
                          "{\"a\":{}}",
                          "{\"a\":[1]}",
                          "{\"a\":\"x}",
                          "{\"a\":\"\\x\"}",
                          "{\"a\":\"\\u12\"}",
                          "{\"a\":\"\\ud800\"}",
                          "{\"a\":\"\\ud800\\u0041\"}",
                          "{\"a\":\"\\udc00\"}",
                          "{\"a\":\"\n\"}",
                          "{\"a\":1}x",
                          "{\"a\":1 \"b\":2}",
                          "{,}",
                          "{\"a\":\"\\u-123\"}",
                          "{}{",
                          "5",
                          "\"a\"",
                          "null"}) {
    // Behind a good record's members, unless it is no object at all.
    std::string line(bad);
    if (line.starts_with("{") && line.size() > 1) line.insert(1, good + (line[1] == '}' ? "" : ","));
    INFO(line);
    CHECK_FALSE(parse_record(line));
  }
}

TEST_CASE("a worker's name makes a file name") {
  CHECK_EQ(request_log_path("/var/log", "w-1"), "/var/log/requests-w-1.log");
  CHECK_EQ(request_log_path("logs", "127.0.0.1:9001/../x"), "logs/requests-127.0.0.1_9001_.._x.log");
}
