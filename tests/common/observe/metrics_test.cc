#include "common/observe/metrics.h"

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace roost::observe;

namespace {

constexpr MetricInfo kRequests{"roost_requests_total", "Requests answered.\nBy backend \\ route."};
constexpr MetricInfo kActive{"roost_active", "Requests in progress."};
constexpr MetricInfo kDuration{"roost_duration_seconds", "From head to end."};

bool contains(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("cells of one name and labels are summed over scopes") {
  MetricRegistry registry;
  MetricScope& first = registry.make_scope();
  MetricScope& second = registry.make_scope();
  first.counter(kRequests, {{"backend", "a"}}).add(3);
  second.counter(kRequests, {{"backend", "a"}}).add(4);
  second.counter(kRequests, {{"backend", "b"}, {"route", "q\"\\\n"}}).add();
  first.gauge(kActive).set(5);
  second.gauge(kActive).add(-7);

  const std::string text = registry.exposition();
  CHECK(contains(text, "# HELP roost_requests_total Requests answered.\\nBy backend \\\\ route."));
  CHECK(contains(text, "# TYPE roost_requests_total counter"));
  CHECK(contains(text, "roost_requests_total{backend=\"a\"} 7"));
  CHECK(contains(text, "roost_requests_total{backend=\"b\",route=\"q\\\"\\\\\\n\"} 1"));
  CHECK(contains(text, "# TYPE roost_active gauge"));
  CHECK(contains(text, "roost_active -2"));
  CHECK(contains(text, "roost_metrics_not_shown 0"));
}

TEST_CASE("asking again gives the same cell, other labels or another scope another") {
  MetricRegistry registry;
  MetricScope& scope = registry.make_scope();
  Counter& a = scope.counter(kRequests, {{"backend", "a"}});
  CHECK_EQ(&a, &scope.counter(kRequests, {{"backend", "a"}}));
  CHECK_NE(&a, &scope.counter(kRequests, {{"backend", "b"}}));
  CHECK_NE(&a, &registry.make_scope().counter(kRequests, {{"backend", "a"}}));
  a.set_total(10);
  a.add_shared(2);
  CHECK_EQ(a.value(), 12);
}

TEST_CASE("a histogram counts up to each bound, in seconds") {
  MetricRegistry registry;
  Histogram& histogram = registry.make_scope().histogram(kDuration, {{"route", "r"}});
  for (const uint64_t us : {0U, 100U, 101U, 1'000'000U, 60'000'001U}) histogram.observe_us(us);
  const std::string text = registry.exposition();
  CHECK(contains(text, "# TYPE roost_duration_seconds histogram"));
  CHECK(contains(text, "roost_duration_seconds_bucket{route=\"r\",le=\"0.0001\"} 2"));
  CHECK(contains(text, "roost_duration_seconds_bucket{route=\"r\",le=\"0.0002\"} 3"));
  CHECK(contains(text, "roost_duration_seconds_bucket{route=\"r\",le=\"1\"} 4"));
  CHECK(contains(text, "roost_duration_seconds_bucket{route=\"r\",le=\"60\"} 4"));
  CHECK(contains(text, "roost_duration_seconds_bucket{route=\"r\",le=\"+Inf\"} 5"));
  CHECK(contains(text, "roost_duration_seconds_sum{route=\"r\"} 61.000202"));
  CHECK(contains(text, "roost_duration_seconds_count{route=\"r\"} 5"));
}

TEST_CASE("a histogram without labels has none but its bound") {
  MetricRegistry registry;
  registry.make_scope().histogram(kDuration).observe_us(1);
  CHECK(contains(registry.exposition(), "roost_duration_seconds_bucket{le=\"0.0001\"} 1"));
}

TEST_CASE("cells beyond the limit count, and the page says how many it leaves out") {
  MetricRegistry registry;
  MetricScope& scope = registry.make_scope();
  for (size_t i = 0; i < MetricRegistry::kMaxCells; ++i) scope.counter(kRequests, {{"backend", std::to_string(i)}});
  Counter& beyond = scope.counter(kRequests, {{"backend", "beyond"}});
  beyond.add();
  CHECK_EQ(beyond.value(), 1);
  const std::string text = registry.exposition();
  CHECK(contains(text, "roost_metrics_not_shown 1"));
  CHECK_EQ(text.find("beyond"), std::string::npos);
}

TEST_CASE("what is kept elsewhere is refreshed before it is shown") {
  MetricRegistry registry;
  Gauge& bytes = registry.make_scope().gauge(kActive);
  registry.before_exposition([&bytes, calls = 0]() mutable { bytes.set(++calls); });
  CHECK(contains(registry.exposition(), "roost_active 1"));
  CHECK(contains(registry.exposition(), "roost_active 2"));
}

TEST_CASE("threads count in their own scopes while another one reads") {
  MetricRegistry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&registry] {
      MetricScope& scope = registry.make_scope();
      Counter& requests = scope.counter(kRequests);
      Histogram& duration = scope.histogram(kDuration);
      for (int n = 0; n < 10'000; ++n) {
        requests.add();
        duration.observe_us(static_cast<uint64_t>(n));
      }
    });
  }
  for (int i = 0; i < 20; ++i) CHECK_FALSE(registry.exposition().empty());
  for (std::thread& thread : threads) thread.join();
  CHECK(contains(registry.exposition(), "roost_requests_total 30000"));
  CHECK(contains(registry.exposition(), "roost_duration_seconds_count 30000"));
}
