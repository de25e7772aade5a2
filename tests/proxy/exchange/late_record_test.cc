#include "proxy/exchange/late_record.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/fake_responder.h"
#include "tests/support/upstream_fixture.h"

using namespace roost;
using namespace roost::proxy;

namespace {

constexpr const char* kPath = "late_record_test.log";

/// A client that has been sent a whole answer, and an access log.
struct Sent {
  explicit Sent(bool takes_it) {
    std::remove(kPath);
    log = *AccessLog::open(kPath, {}, events);
    upstream.context().access_log = log.get();
    if (!takes_it) client.block();
    const Slice body(std::string_view("body"));
    client.respond({.status = 200, .fields = {}, .more_fields = {}, .body = http::BodyLength::known(4)}, {&body, 1});
  }
  bool wait() {
    std::string target = "/gone-when-it-is-written";
    AccessRecord record;
    record.target = target;
    record.status = 200;
    return records.take(upstream.context(), records).wait(client, record, 1);
  }
  std::string text() {
    log.reset();  // writes what is left
    std::stringstream all;
    all << std::ifstream(kPath).rdbuf();
    std::remove(kPath);
    return all.str();
  }

  UpstreamFixture upstream{1};
  observe::EventLog events;
  std::unique_ptr<AccessLog> log;
  http::FakeResponder client;
  Recycler<LateRecord> records{upstream.loop()};
};

}  // namespace

TEST_CASE("an answer that the client has taken is recorded at once") {
  Sent sent(true);
  CHECK_FALSE(sent.wait());
  CHECK(sent.records.active_count() == 0);
  CHECK(sent.text().empty());
}

TEST_CASE("one that it is still taking is recorded when it has") {
  Sent sent(false);
  REQUIRE(sent.wait());
  CHECK(sent.records.active_count() == 1);
  sent.client.unblock();
  CHECK(sent.records.active_count() == 0);
  const std::string text = sent.text();
  CHECK(text.find("\"target\":\"/gone-when-it-is-written\"") != std::string::npos);
  CHECK(text.find("\"end\":\"complete\"") != std::string::npos);
}

TEST_CASE("or when it has left") {
  Sent sent(false);
  REQUIRE(sent.wait());
  sent.client.leave();
  CHECK(sent.records.active_count() == 0);
  const std::string text = sent.text();
  CHECK(text.find("\"end\":\"client-gone\",\"fault\":\"client\",\"step\":\"deliver\"") != std::string::npos);
}
