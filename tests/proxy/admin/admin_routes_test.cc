#include "proxy/admin/admin_routes.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/ask.h"
#include "tests/support/upstream_fixture.h"

using namespace roost;
using namespace roost::proxy;
using http::Method;
using service::Answer;
using service::has_field;

namespace {

constexpr int64_t kNowUs = 5'000'000;
constexpr int64_t kNowMs = 1'700'000'000'000;

/// The routes over a cache that holds http://example.org/a, /a?, /b and /b?x=1; /b has the tags "red" and "round".
struct Fixture {
  UpstreamFixture upstream{2};
  net::EventLoop loop;
  HttpCache cache{HttpCache::Options{}};
  FetchLock fetches;
  observe::MetricRegistry metrics;
  AdminRoutes routes{
      loop,
      {cache, fetches, metrics, [this] { return std::vector<const Pool*>{&upstream.pool()}; }, [] { return kNowUs; }}};
  service::Router router{AdminRoutes::answer_not_found};

  Fixture() {
    routes.add_to(router);
    for (const char* target : {"/a", "/a?"}) put(target, "");
    for (const char* target : {"/b", "/b?x=1"}) put(target, "\"red\", \"round\"");
  }
  static CacheKey key(std::string_view target) {
    CacheKey key;
    key.assign("http", "example.org", target);
    return key;
  }
  void put(std::string_view target, std::string_view tags) {
    const BlockRef body = BlockRef::copy_of("body");
    StoredHead head;
    head.tags = tags;
    head.times = {kNowMs, 0, 60'000};
    REQUIRE(cache.insert(key(target), http::Fields(), head, {&body, 1}));
  }
  cache::Ref<StoredResponse> find(std::string_view target) {
    CacheKey wanted = key(target);
    return cache.find(wanted, http::Fields(), kNowMs);
  }
  bool holds(std::string_view target) { return static_cast<bool>(find(target)); }
  Answer ask(Method method, std::string_view target, std::string_view authority = "example.org") {
    return service::ask(router, method, target, authority);
  }
};

}  // namespace

TEST_CASE("healthz and metrics") {
  Fixture f;
  const Answer health = f.ask(Method::get, "/healthz");
  CHECK(health.status == 200);
  CHECK(health.body == "ok\n");
  CHECK(has_field(health, "Cache-Control", "no-store"));
  observe::MetricScope& scope = f.metrics.make_scope();
  static constexpr observe::MetricInfo kSample{"roost_sample_total", "A sample."};
  scope.counter(kSample).add(7);
  const Answer metrics = f.ask(Method::get, "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(metrics.body.find("roost_sample_total 7\n") != std::string::npos);
}

TEST_CASE("status shows pools, backends, cache and fetches") {
  Fixture f;
  const auto joined = f.fetches.join(Fixture::key("/c"));
  const Answer answer = f.ask(Method::get, "/status");
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "application/json");
  CHECK(has_field(answer, "Cache-Control", "no-store"));
  const auto status = nlohmann::json::parse(answer.body);
  CHECK(status["version"] == ROOST_VERSION);
  CHECK(status["uptime_ms"] >= 0);
  CHECK(status["fetches_under_way"] == 1);
  CHECK(status["cache"]["entries"] == 4);
  CHECK(status["requests"]["all"] == 0);
  CHECK(status["cache"]["limit_bytes"] == f.cache.limit_bytes());
  REQUIRE(status["pools"].size() == 1);
  CHECK(status["pools"][0]["balance"] == "round_robin");
  REQUIRE(status["pools"][0]["backends"].size() == 2);
  const auto& backend = status["pools"][0]["backends"][0];
  CHECK(backend["name"] == "10.0.0.1:80");
  CHECK(backend["state"] == "up");
  CHECK(backend["address"] == "10.0.0.1:80");
  CHECK(backend["weight"] == 1);
  CHECK(backend["active"] == 0);
}

TEST_CASE("purge by URL: this one alone, and the fetch of it") {
  Fixture f;
  const auto joined = f.fetches.join(Fixture::key("/b"));
  const Answer answer = f.ask(Method::post, "/purge?url=http%3A%2F%2Fexample.org%2Fb");
  CHECK(answer.status == 200);
  CHECK(answer.body == "{\"purged\":1}\n");
  CHECK_FALSE(f.holds("/b"));
  CHECK(f.holds("/b?x=1"));
  CHECK(joined.fetch->spoiled());
  CHECK(f.ask(Method::post, "/purge?url=http%3A%2F%2Fexample.org%2Fb").body == "{\"purged\":0}\n");
}

TEST_CASE("purge by prefix") {
  Fixture f;
  CHECK(f.ask(Method::post, "/purge?prefix=http://example.org/b").body == "{\"purged\":2}\n");
  CHECK_FALSE(f.holds("/b"));
  CHECK_FALSE(f.holds("/b?x=1"));
  CHECK(f.holds("/a"));
}

TEST_CASE("purge by tag, one or several") {
  Fixture f;
  CHECK(f.ask(Method::post, "/purge?tag=green").body == "{\"purged\":0}\n");
  CHECK(f.ask(Method::post, "/purge?tag=round").body == "{\"purged\":2}\n");
  CHECK_FALSE(f.holds("/b"));
  CHECK(f.holds("/a"));
  f.put("/b", "\"red\"");
  f.put("/c", "\"green\"");
  CHECK(f.ask(Method::post, "/purge?tags=red,green").body == "{\"purged\":2}\n");
}

TEST_CASE("soft purges keep the responses, outdated") {
  Fixture f;
  CHECK(f.ask(Method::post, "/purge?soft=1&tags=red,blue").body == "{\"tags_to_revalidate\":2}\n");
  REQUIRE(f.holds("/b"));
  CHECK(f.cache.tags_changed_at_us(Fixture::key("/b"), "\"red\"") == kNowUs);
  CHECK(f.cache.tags_changed_at_us(Fixture::key("/b"), "\"round\"") == 0);
  CHECK(f.ask(Method::post, "/purge?tag=round&soft=1").body == "{\"tags_to_revalidate\":1}\n");
  CHECK(f.cache.tags_changed_at_us(Fixture::key("/b"), "\"round\"") >= kNowUs);
}

TEST_CASE("PURGE of this host and path") {
  Fixture f;
  CHECK(f.ask(Method::purge, "/b?x=1").body == "{\"purged\":1}\n");
  CHECK(f.holds("/b"));
  CHECK(f.ask(Method::purge, "/b", "EXAMPLE.org:80").body == "{\"purged\":1}\n");
  CHECK_FALSE(f.holds("/b"));
  CHECK(f.ask(Method::purge, "/a").body == "{\"purged\":1}\n");
  CHECK(f.holds("/a?"));
  CHECK(f.ask(Method::purge, "/a?").body == "{\"purged\":1}\n");
  CHECK(f.ask(Method::purge, "/status", "other.example").body == "{\"purged\":0}\n");
}

TEST_CASE("parameters that are missing or wrong") {
  Fixture f;
  for (const char* query : {"", "?", "?url=", "?soft=1", "?other=1"})
    CHECK_MESSAGE(f.ask(Method::post, "/purge" + std::string(query)).status == 400, query);
  for (const char* query : {"?url=example.org/a", "?url=ftp://example.org/", "?url=http://", "?prefix=/a"}) {
    const Answer answer = f.ask(Method::post, "/purge" + std::string(query));
    CHECK_MESSAGE(answer.status == 400, query);
    CHECK(answer.body.find("is not of the form http(s)://host/path") != std::string::npos);
  }
  for (const char* query : {"?url=%zz", "?tag=%4"})
    CHECK_MESSAGE(f.ask(Method::post, "/purge" + std::string(query)).status == 400, query);
  CHECK(f.cache.stats().entries == 4);
}

TEST_CASE("unknown paths and wrong methods") {
  Fixture f;
  const Answer unknown = f.ask(Method::get, "/nothing");
  CHECK(unknown.status == 404);
  CHECK(unknown.body.find("the admin listener has /status") != std::string::npos);
  for (const char* path : {"/status", "/metrics", "/healthz"}) {
    const Answer answer = f.ask(Method::post, path);
    CHECK(answer.status == 405);
    CHECK(has_field(answer, "Allow", "GET, HEAD"));
    CHECK(f.ask(Method::head, path).status == 200);
  }
  const Answer read = f.ask(Method::get, "/purge?url=http://example.org/b");
  CHECK(read.status == 405);
  CHECK(has_field(read, "Allow", "POST"));
  CHECK(f.holds("/b"));
}

TEST_CASE("a plus in a URL to purge is a plus") {
  Fixture f;
  f.put("/c+d", "");
  CHECK(f.ask(Method::post, "/purge?url=http://example.org/c+d").body == "{\"purged\":1}\n");
  CHECK_FALSE(f.holds("/c+d"));
}
