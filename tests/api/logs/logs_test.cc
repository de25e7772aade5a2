#include "api/logs/logs.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

Request client_at(std::string_view client, std::string forwarded_for = "", std::string authorization = "") {
  Request request;
  request.client = *net::Address::parse(client);
  request.authority = "localhost:8080";
  request.forwarded_for = std::move(forwarded_for);
  request.authorization = std::move(authorization);
  return request;
}

Input<LogsQuery> query(std::string text) {
  Request request;
  request.query_text = std::move(text);
  return read_logs_query(request);
}

LogRecord record(RecordKind kind, std::string verb, std::string subject) {
  LogRecord made;
  made.kind = kind;
  made.time_us = 5;
  made.worker = "w1";
  made.verb = std::move(verb);
  made.subject = std::move(subject);
  made.result = 200;
  return made;
}

}  // namespace

TEST_CASE("who may read the log") {
  CHECK(may_read_logs(LogAccess::open, "", client_at("8.8.8.8:1")));
  CHECK(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1")));
  CHECK(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1", "127.0.0.1")));
  CHECK_FALSE(may_read_logs(LogAccess::loopback, "", client_at("8.8.8.8:1")));
  CHECK_FALSE(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1", "8.8.8.8")));
  CHECK_FALSE(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1", "127.0.0.1, 8.8.8.8")));
  CHECK_FALSE(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1", "127.0.0.1.evil.example")));
  CHECK(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1", "::1, 127.0.0.9")));
  CHECK_FALSE(may_read_logs(LogAccess::loopback, "", client_at("127.0.0.1:1", "unknown")));
  CHECK(may_read_logs(LogAccess::token, "secret", client_at("8.8.8.8:1", "", "Bearer secret")));
  CHECK(may_read_logs(LogAccess::token, "secret", client_at("8.8.8.8:1", "", "bearer secret")));
  CHECK_FALSE(may_read_logs(LogAccess::token, "secret", client_at("127.0.0.1:1")));
  CHECK_FALSE(may_read_logs(LogAccess::token, "secret", client_at("127.0.0.1:1", "", "Bearer secre")));
  CHECK_FALSE(may_read_logs(LogAccess::token, "secret", client_at("127.0.0.1:1", "", "Basic secret")));
  CHECK_FALSE(may_read_logs(LogAccess::token, "", client_at("127.0.0.1:1", "", "Bearer ")));
}

TEST_CASE("what was sent on for another, or by a name of the DNS, is not of this host") {
  Request request = client_at("127.0.0.1:1", "127.0.0.1");
  REQUIRE(may_read_logs(LogAccess::loopback, "", request));
  request.is_for_another = true;  // Forwarded: for=unknown, from a proxy that is not trusted itself
  CHECK_FALSE(may_read_logs(LogAccess::loopback, "", request));
  request.is_for_another = false;
  for (const char* own : {"127.0.0.1:8080", "127.0.0.2", "[::1]:8080", "localhost", "LOCALHOST:80", "a.localhost:1"}) {
    CAPTURE(own);
    request.authority = own;
    CHECK(may_read_logs(LogAccess::loopback, "", request));
  }
  for (const char* other : {"evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "8.8.8.8", ""}) {
    CAPTURE(other);
    request.authority = other;
    CHECK_FALSE(may_read_logs(LogAccess::loopback, "", request));
  }
}

TEST_CASE("the query of the log") {
  const auto all = query("limit=7&since=2026-03-01T10:00:00Z&kind=db&method=SELECT&path=twe&format=full");
  REQUIRE(all);
  CHECK(all->query.limit == 7);
  CHECK(all->query.since_us == 1'772'359'200'000'000);
  CHECK(all->query.kind == RecordKind::db);
  CHECK(all->query.method == "SELECT");
  CHECK(all->query.path_prefix == "twe");
  CHECK(all->full);
  CHECK(query("")->query.limit == LogsQuery::kDefaultLimit);
  for (const char* bad : {"limit=0", "limit=100001", "since=soon", "kind=x", "format=xml", "a=%"}) {
    REQUIRE_FALSE(query(bad));
    CHECK(query(bad).error().status == 422);
  }
}

TEST_CASE("the body of the log") {
  LogAnswer answer;
  CHECK(logs_body(answer, false) ==
        R"({"requests":[],"db_accesses":[],"request_count":0,"db_access_count":0,"incomplete":false})");
  answer.records = {record(RecordKind::api, "GET", "/like/1"), record(RecordKind::db, "SELECT", "tweets"),
                    record(RecordKind::api, "POST", "/a\"b")};
  CHECK(logs_body(answer, false) ==
        R"({"requests":[["GET","/like/1"],["POST","/a\"b"]],"db_accesses":[["SELECT","tweets"]],)"
        R"("request_count":2,"db_access_count":1,"incomplete":false})");
  CHECK(logs_body(answer, true).find(R"("endpoint":"/like/1","status":200)") != std::string::npos);
}
