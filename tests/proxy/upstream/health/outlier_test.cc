#include "proxy/upstream/health/outlier.h"

#include <vector>

#include <doctest/doctest.h>

#include "proxy/upstream/health/failure_charge.h"
#include "proxy/upstream/health/health_options.h"
#include "proxy/upstream/health/slow_start.h"

using namespace roost::proxy;
using Suspicion = Judgement::Suspicion;

namespace {

/// A detector and the count of attempts that goes with it.
struct Watched {
  explicit Watched(const OutlierOptions& options = {}) : detector(options) {}
  Judgement fail() { return detector.note_failure(now_ms, ++ended); }
  void succeed(uint64_t times = 1) {
    ended += times;
    detector.note_success();
  }
  OutlierDetector detector;
  int64_t now_ms = 1'000;
  uint64_t ended = 0;
};

Judgement row_of(uint32_t length) {
  Judgement judged;
  judged.suspicion = Suspicion::row;
  judged.in_row = length;
  return judged;
}

Judgement share_of(uint64_t failures, uint64_t ended) {
  Judgement judged;
  judged.suspicion = Suspicion::share;
  judged.window = {failures, ended};
  return judged;
}

}  // namespace

TEST_CASE("a row of failures is suspicious at its length, and again at each multiple") {
  Watched backend;
  for (int i = 1; i <= 10; ++i) {
    CAPTURE(i);
    CHECK((backend.fail().suspicion == Suspicion::row) == (i == 5 || i == 10));
  }
  backend.succeed();
  for (int i = 1; i <= 4; ++i) CHECK(backend.fail().suspicion == Suspicion::none);
  CHECK(backend.fail().in_row == 5);
}

TEST_CASE("a share of failures is suspicious once there are enough attempts") {
  Watched backend;
  uint64_t attempts = 0;
  Judgement judged;
  while (judged.suspicion == Suspicion::none && attempts < 1'000) {
    judged = backend.fail();
    backend.succeed(3);
    attempts += 4;
  }
  CHECK(judged.suspicion == Suspicion::share);
  CHECK(judged.window.ended >= OutlierDetector::kLeastAttempts);
  CHECK(judged.window.failures * 100 >= 20 * judged.window.ended);
  CHECK(attempts < 40);
}

TEST_CASE("a share below the limit is never suspicious, and neither is one whose window is over") {
  Watched backend;
  for (int i = 0; i < 1'000; ++i) {
    backend.succeed(5);
    CHECK(backend.fail().suspicion == Suspicion::none);
  }
  Watched slow;
  for (int i = 0; i < 100; ++i) {
    slow.now_ms += 10'000;
    slow.succeed();
    CHECK(slow.fail().suspicion == Suspicion::none);
  }
  CHECK(slow.detector.window(slow.now_ms, slow.ended).failures == 1);
  CHECK(slow.detector.window(slow.now_ms + 10'000, slow.ended).ended == 0);
}

TEST_CASE("0 turns a rule off") {
  OutlierOptions options;
  options.failures_in_row = 0;
  options.failure_percent = 0;
  Watched backend(options);
  for (int i = 0; i < 1'000; ++i) CHECK(backend.fail().suspicion == Suspicion::none);
}

TEST_CASE("a row stands out unless the others would have it by chance") {
  CHECK(stands_out(row_of(5), 0));
  CHECK(stands_out(row_of(5), 0.05));
  CHECK_FALSE(stands_out(row_of(5), 0.1));
  CHECK(stands_out(row_of(10), 0.2));
  CHECK_FALSE(stands_out(row_of(15), 0.5));
  CHECK(stands_out(row_of(20), 0.5));
  CHECK_FALSE(stands_out(row_of(1'000), 1));
  CHECK_FALSE(stands_out({}, 0));
}

TEST_CASE("a share stands out above twice that of the others") {
  CHECK(stands_out(share_of(6, 20), 0));
  CHECK_FALSE(stands_out(share_of(5, 20), 0));
  CHECK(stands_out(share_of(60, 200), 0.1));
  CHECK_FALSE(stands_out(share_of(60, 200), 0.15));
  CHECK_FALSE(stands_out(share_of(200, 200), 0.6));
}

TEST_CASE("ejections double, up to a limit, and are halved by time in use") {
  OutlierOptions options;
  options.ejection_ms = 1'000;
  options.max_ejection_ms = 6'000;
  OutlierDetector detector(options);
  int64_t now_ms = 50'000;
  const auto eject_after = [&](int64_t in_use_ms) {
    now_ms += in_use_ms;
    const int64_t duration = detector.eject(now_ms);
    CHECK(detector.ejected());
    now_ms += duration;
    detector.end_ejection(now_ms);
    CHECK_FALSE(detector.ejected());
    return duration;
  };
  const std::vector<int64_t> expected = {1'000, 2'000, 4'000, 6'000, 6'000};
  for (const int64_t duration : expected) CHECK(eject_after(0) == duration);
  CHECK(eject_after(3'999) == 6'000);
  CHECK(eject_after(4'000) == 4'000);
  CHECK(eject_after(6'000) == 2'000);
  CHECK(eject_after(1'000'000) == 1'000);
}

TEST_CASE("whoever returns is on probation") {
  Watched backend;
  backend.detector.eject(backend.now_ms);
  for (int i = 0; i < 20; ++i) CHECK(backend.fail().suspicion == Suspicion::none);  // from before
  backend.succeed();
  backend.detector.end_ejection(backend.now_ms);
  SUBCASE("each failure is judged, the less severely the more successes came before") {
    for (const uint32_t row : {6U, 5U, 4U, 3U, 2U, 1U, 1U, 1U, 1U, 1U}) {
      const Judgement judged = backend.fail();
      CHECK(judged.suspicion == Suspicion::row);
      CHECK(judged.in_row == row);
      CHECK(stands_out(judged, 0));
      CHECK(stands_out(judged, 0.05) == (row > 4));
      CHECK(backend.detector.on_probation());
      backend.succeed();
    }
    CHECK_FALSE(backend.detector.on_probation());
    CHECK(backend.fail().suspicion == Suspicion::none);
  }
  SUBCASE("a row is counted on") {
    CHECK(backend.fail().in_row == 6);
    CHECK(backend.fail().in_row == 7);
  }
  SUBCASE("a pardon does not end it, and has no effect on one that did nothing") {
    for (uint32_t i = 0; i < OutlierDetector::kProbation - 1; ++i) backend.succeed();
    backend.detector.pardon();
    CHECK(backend.fail().in_row == 6);
    Watched other;
    other.detector.pardon();
    CHECK(other.fail().suspicion == Suspicion::none);
  }
  SUBCASE("a pardon begins it in place of the ejection, and the next is not longer") {
    CHECK(backend.detector.eject(backend.now_ms) == 20'000);
    backend.detector.pardon();
    CHECK_FALSE(backend.detector.ejected());
    CHECK(backend.fail().in_row == 6);
    CHECK(backend.detector.eject(backend.now_ms) == 10'000);
  }
}

TEST_CASE("as many failures of a window as make a row are early") {
  Watched backend;
  for (int i = 1; i <= 12; ++i) {
    CHECK(backend.fail().early == (i <= 5));
    backend.succeed();
  }
  backend.now_ms += 10'000;
  CHECK(backend.fail().early);
  OutlierOptions options;
  options.failures_in_row = 0;
  CHECK_FALSE(Watched(options).fail().early);
}

TEST_CASE("a longest ejection below the first is the first") {
  OutlierOptions options;
  options.ejection_ms = 5'000;
  options.max_ejection_ms = 1'000;
  CHECK(OutlierDetector(options).eject(0) == 5'000);
}

TEST_CASE("the charge for failures is bounded and fades") {
  FailureCharge charge;
  CHECK(charge.add());
  CHECK_FALSE(charge.add());
  for (uint32_t i = 0; i < FailureCharge::kMax * 2; ++i) charge.add();
  CHECK(charge.value() == FailureCharge::kMax);
  int periods = 0;
  for (; charge.value() > 0; ++periods) charge.fade();
  CHECK(periods * FailureCharge::kFadePeriodMs < 10'000);
  charge.fade();
  CHECK(charge.value() == 0);
  CHECK(charge.add());
}

TEST_CASE("a slow start goes evenly from a tenth to the whole weight") {
  CHECK(slow_start_percent(0, 10'000) == 10);
  CHECK(slow_start_percent(5'000, 10'000) == 55);
  CHECK(slow_start_percent(9'999, 10'000) == 99);
  CHECK(slow_start_percent(10'000, 10'000) == 100);
  CHECK(slow_start_percent(0, 0) == 100);
  CHECK(slow_start_percent(-1, 10) == 10);
}

TEST_CASE("statuses that count as failures") {
  const HealthOptions options;
  for (const int status : {500, 502, 503, 504}) CHECK(options.is_failure(status));
  for (const int status : {200, 301, 404, 429, 501, 505}) CHECK_FALSE(options.is_failure(status));
}
