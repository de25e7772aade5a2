#include "proxy/exchange/admission.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "common/observe/event_log.h"
#include "proxy/config/config_loader.h"
#include "tests/proxy/exchange/front_lab.h"
#include "tests/support/driven_loop.h"

using namespace roost;
using namespace roost::proxy;
using http::FakeResponder;

namespace {

/// The admission of one loop under `toml`, asked on behalf of clients by their addresses.
class Lab {
 public:
  explicit Lab(std::string_view toml) {
    ConfigLoader loader;
    loader.load_text(std::string(toml) + "[[pool]]\nname = \"p\"\nbackends = [\"10.0.0.1:80\"]\n");
    REQUIRE(loader.problems().empty());
    runtime = std::make_unique<Runtime>(loader.config(), events);
    context.loop_site = LoopSite::make(time.loop(), network, runtime->site, nullptr);
    if (loader.config().limits.max_active_requests > 0) context.active_requests = &runtime->active_requests;
    admission = std::make_unique<Admission>(*runtime, context);
  }
  ~Lab() {
    context.loop_site.reset();
    time.turn();
  }
  /// The status of a request's refusal, 0 when it is let in.
  int ask(const char* client, std::string_view path = "/", const char* forwarded_for = nullptr) {
    const FakeResponder responder{std::string_view(client)};
    http::RequestHead head;
    head.path = path;
    if (forwarded_for != nullptr) head.fields.add("X-Forwarded-For", forwarded_for);
    const Route* route = context.site().routes.find("h", path);
    REQUIRE(route != nullptr);
    last = admission->over_rate(responder, head, *route);
    return last ? last->status : 0;
  }

  net::DrivenLoop time;
  MemoryNetwork network{time.loop()};
  observe::EventLog events{[](observe::EventLevel, std::string_view) {}};
  observe::MetricRegistry metrics;
  LoopContext context{time.loop(), metrics.make_scope(), 1};
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<Admission> admission;
  std::optional<Admission::Refusal> last;
};

}  // namespace

TEST_CASE("each client address has its rate, and an IPv6 network is one") {
  Lab lab("[limits]\nrequest_rate = \"6/m\"\nrequest_burst = 2\n");
  CHECK(lab.context.site().has_rates);
  CHECK(lab.ask("10.0.0.1:1") == 0);
  CHECK(lab.ask("10.0.0.1:2", "/elsewhere") == 0);
  CHECK(lab.ask("10.0.0.1:3") == 429);
  CHECK(lab.last->retry_after_s == 10);
  CHECK(lab.ask("10.0.0.2:1") == 0);
  CHECK(lab.ask("[2001:db8::1]:1") == 0);
  CHECK(lab.ask("[2001:db8::2]:1") == 0);
  CHECK(lab.ask("[2001:db8::3]:1") == 429);
  lab.time.advance_ms(9'500);
  CHECK(lab.ask("10.0.0.1:3") == 429);
  CHECK(lab.last->retry_after_s == 1);  // rounded up
  lab.time.advance_ms(500);
  CHECK(lab.ask("10.0.0.1:3") == 0);
}

TEST_CASE("a route has a rate of its own beside that of all") {
  Lab lab(
      "[limits]\nrequest_rate = \"4/m\"\n[[route]]\npath = \"/\"\n[[route]]\npath = \"/login\"\nrequest_rate = "
      "\"2/m\"\n");
  CHECK(lab.ask("10.0.0.1:1", "/login") == 0);
  CHECK(lab.ask("10.0.0.1:1", "/login") == 0);
  CHECK(lab.ask("10.0.0.1:1", "/login") == 429);
  CHECK(lab.ask("10.0.0.1:1", "/") == 0);
  CHECK(lab.ask("10.0.0.1:1", "/") == 429);  // the fourth that was refused by the route counted as well
}

TEST_CASE("behind a trusted proxy the rate is the client's, not the proxy's") {
  Lab lab("[proxy]\ntrusted_proxies = [\"10.0.0.0/8\"]\n[limits]\nrequest_rate = \"1/m\"\n");
  CHECK(lab.ask("10.0.0.1:1", "/", "198.51.100.1") == 0);
  CHECK(lab.ask("10.0.0.1:1", "/", "198.51.100.2") == 0);
  CHECK(lab.ask("10.0.0.2:1", "/", "198.51.100.1") == 429);
  CHECK(lab.ask("192.0.2.1:1", "/", "198.51.100.3") == 0);
  CHECK(lab.ask("192.0.2.1:1", "/", "198.51.100.4") == 429);  // nobody believes it
}

TEST_CASE("without a rate nothing is counted") {
  Lab lab("");
  CHECK_FALSE(lab.context.site().has_rates);
  CHECK(lab.runtime->rates == nullptr);
  for (int i = 0; i < 1'000; ++i) CHECK(lab.ask("10.0.0.1:1") == 0);
}

TEST_CASE("requests under way on all loops are bounded together") {
  Lab lab("[limits]\nmax_active_requests = 2\n");
  lab.runtime->active_requests = 1;  // on another loop
  CHECK_FALSE(lab.admission->over_capacity());
  lab.runtime->active_requests = 2;
  const auto refusal = lab.admission->over_capacity();
  REQUIRE(refusal);
  CHECK(refusal->status == 503);
  CHECK(refusal->retry_after_s == 1);
  lab.runtime->active_requests = 1;
  CHECK_FALSE(lab.admission->over_capacity());
}

TEST_CASE("a late loop refuses a share") {
  Lab lab("");
  lab.context.shedder.set_target_ms(10);
  CHECK_FALSE(lab.admission->over_capacity());
  for (int i = 0; i < 100; ++i) lab.context.shedder.on_sample(50);
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const auto refusal = lab.admission->over_capacity();
    if (refusal && refusal->status == 503) ++refused;
  }
  CHECK(refused > 80);
}

TEST_CASE("a late loop answers 503 to what needs a backend, and still gives what is stored") {
  FrontLab lab;
  lab.script().answer(response(200, "body", "Cache-Control: max-age=60\r\n"));
  CHECK(lab.get("/a").status() == 200);
  lab.upstream.context().shedder.set_target_ms(10);
  for (int i = 0; i < 100; ++i) lab.upstream.context().shedder.on_sample(50);
  CHECK(lab.get("/a").body() == "body");
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    const FakeResponder& client = lab.send("POST", "/a");
    if (!client.over()) continue;
    ++refused;
    CHECK(client.status() == 503);
    CHECK(client.field("Retry-After") == "1");
  }
  CHECK(refused > 30);
  for (FakeResponder& client : lab.clients) {
    if (!client.over()) client.leave();
  }
}
