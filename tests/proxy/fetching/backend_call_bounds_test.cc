// What a route says about its calls: bounds on time, and answers that it does not want.

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/fetching/caller.h"

using namespace roost;
using namespace roost::proxy;
using http::BodyLength;
using Accepts = ScriptedBackend::Accepts;

namespace {

/// The route of the callers, with this policy from now on.
void set_policy(UpstreamFixture& f, const CallPolicy& policy) {
  const_cast<Route&>(f.context().site().routes.all().back()).call = policy;
}

}  // namespace

TEST_CASE("each bound on time is the route's") {
  CallPolicy policy;
  policy.timeouts = {100, 200, 300};
  policy.retry_on = {false, false, false, {}};
  UpstreamFixture f(1);
  set_policy(f, policy);
  Caller caller(f);
  int64_t bound_ms = 0;
  SUBCASE("connecting") {
    f.script(0).accept(Accepts::ignores);
    bound_ms = 100;
  }
  SUBCASE("the response's head") {
    f.script(0).hold();
    bound_ms = 200;
  }
  SUBCASE("the response's body") {
    f.script(0).answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    bound_ms = 300;
  }
  caller.exchange();
  caller.take_events();
  f.advance_ms(bound_ms - 1);
  CHECK(caller.events() == "");
  f.advance_ms(1);
  CHECK(caller.events() == "failed ");
  CHECK(caller.failure().status == 504);
}

TEST_CASE("a bound on the whole: from the request's head to the response's last byte") {
  CallPolicy policy;
  policy.whole_ms = 1'000;
  UpstreamFixture f(1);
  set_policy(f, policy);
  Caller caller(f);
  std::string before;
  SUBCASE("while the request's body comes") {
    caller.open("POST", BodyLength::known(5));
  }
  SUBCASE("while the response is awaited") {
    f.script(0).hold();
    caller.exchange();
  }
  SUBCASE("in the response's body") {
    f.script(0).answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    caller.exchange();
    before = "head ";
  }
  f.advance_ms(999);
  CHECK(caller.events() == before);
  f.advance_ms(1);
  CHECK(caller.events() == before + "failed ");
  CHECK(caller.failure().status == 504);
  CHECK_FALSE(caller.call().active());
  CHECK(f.backend(0).active() == 0);
  CHECK(f.connections(0).busy_count() == 0);
  caller.open();
  f.run();
  f.advance_ms(1'000);  // that of the last one is over
  CHECK(caller.events() == before + "failed head body end ");
}

TEST_CASE("what the route does not want is asked of another backend, once") {
  CallPolicy policy;
  policy.retry_on.statuses = {502, 503};
  UpstreamFixture f(3);
  set_policy(f, policy);
  Caller caller(f);
  f.script(0).answer(response(503, "busy"));
  SUBCASE("of an idempotent request") {
    caller.exchange();
    CHECK(caller.status() == 200);
    CHECK(caller.body() == "ok");
    CHECK(caller.call().backend() != &f.backend(0));
    CHECK(caller.call().retries() == 1);
    CHECK(f.connections(0).busy_count() == 0);
  }
  SUBCASE("with its body") {
    caller.open("PUT", BodyLength::known(4));
    caller.call().send_body("body");
    caller.call().end_body();
    f.run();
    const size_t second = f.script(1).requests().empty() ? 2 : 1;
    CHECK(f.script(second).requests().at(0).body == "body");
  }
  SUBCASE("no third") {
    for (const size_t other : {1U, 2U}) f.script(other).answer(response(502, "broken"));
    caller.exchange();
    CHECK(caller.status() == 502);
    CHECK(caller.body() == "broken");
    CHECK(f.request_count() == 2);
  }
  SUBCASE("not of another request") {
    caller.exchange("POST");
    CHECK(caller.status() == 503);
  }
  SUBCASE("not another status") {
    f.script(0).clear().answer(response(500, "oh"));
    caller.exchange();
    CHECK(caller.status() == 500);
  }
  SUBCASE("not without another backend") {
    f.backend(1).set_draining(true);
    f.backend(2).set_draining(true);
    caller.exchange();
    CHECK(caller.body() == "busy");
    CHECK(f.connections(0).idle_count() == 1);
  }
  SUBCASE("not beyond the budget") {
    RetryBudget& budget = f.context().loop_site->budget(f.pool());
    while (budget.spend()) continue;
    caller.exchange();
    CHECK(caller.status() == 503);
  }
  CHECK(f.backend(0).active() + f.backend(1).active() + f.backend(2).active() == 0);
}
