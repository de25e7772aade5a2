#include "proxy/observe/access_log.h"

#include <doctest/doctest.h>

using namespace roost::proxy;

namespace {

AccessRecord record() {
  AccessRecord r;
  r.unix_ms = 1'700'000'000'123;
  r.client = "192.0.2.1";
  r.request_id = "id";
  r.method = "GET";
  r.target = "/a\"b";
  r.status = 200;
  r.bytes = 1234;
  r.outcome = Outcome::hit;
  r.total_us = 42;
  return r;
}

}  // namespace

TEST_CASE("a record is one JSON object") {
  std::string line;
  format_access_record(record(), line);
  CHECK(line ==
        R"({"time":"2023-11-14T22:13:20.123Z","client":"192.0.2.1","request_id":"id","method":"GET","target":"/a\"b",)"
        R"("status":200,"bytes":1234,"cache":"hit","retries":0,"total_us":42,"end":"complete"})");
}

TEST_CASE("a record tells of the backend, where there was one, and of an answer that is not whole") {
  AccessRecord r = record();
  r.outcome = Outcome::miss;
  r.backend = "api:9001";
  r.retries = 1;
  r.backend_head_us = 30;
  r.ending = Ending::broken_off;
  const Failure failure{roost::Side::backend, Step::body, "backend 10.0.0.1:80: closed \"early\""};
  r.failure = &failure;
  std::string line;
  format_access_record(r, line);
  CHECK(line.ends_with(
      R"("cache":"miss","backend":"api:9001","retries":1,"total_us":42,"backend_head_us":30,"end":"broken-off",)"
      R"("fault":"backend","step":"body","error":"backend 10.0.0.1:80: closed \"early\""})"));
}

TEST_CASE("what a client sends cannot make a record unreadable") {
  AccessRecord r = record();
  r.target = "/\xff\n\"";
  std::string line;
  format_access_record(r, line);
  CHECK(line.find("\"target\":\"/\xef\xbf\xbd\\n\\\"\"") != std::string::npos);
}
