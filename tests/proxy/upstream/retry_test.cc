#include "proxy/upstream/retry.h"

#include <doctest/doctest.h>

using namespace roost::proxy;
using roost::http::Progress;

namespace {

FailedAttempt attempt(Progress progress, bool idempotent) {
  FailedAttempt failed;
  failed.progress = progress;
  failed.idempotent = idempotent;
  failed.body_replayable = true;
  return failed;
}

}  // namespace

TEST_CASE("what a failed attempt allows") {
  struct Case {
    Progress progress;
    bool idempotent;
    bool retried;
  };
  const Case cases[] = {
      {Progress::not_connected, false, true},  {Progress::not_connected, true, true},
      {Progress::refused, false, true},        {Progress::refused, true, true},
      {Progress::nothing_back, false, false},  {Progress::nothing_back, true, true},
      {Progress::head_received, false, false}, {Progress::head_received, true, false},
  };
  for (const Case& one : cases) {
    CAPTURE(static_cast<int>(one.progress));
    CAPTURE(one.idempotent);
    RetryBudget budget;
    CHECK(may_retry(attempt(one.progress, one.idempotent), RetryOn(), budget) == one.retried);
  }
}

TEST_CASE("what no backend has processed is retried whatever else is known of it") {
  for (const Progress progress : {Progress::not_connected, Progress::refused}) {
    RetryBudget budget;
    while (budget.spend()) continue;
    FailedAttempt failed = attempt(progress, false);
    failed.timed_out = true;
    failed.repeats = 1;
    CHECK(may_retry(failed, RetryOn(), budget));
    failed.body_replayable = false;
    CHECK_FALSE(may_retry(failed, RetryOn(), budget));
    failed.body_replayable = true;
    failed.attempts = kMaxAttempts;
    CHECK_FALSE(may_retry(failed, RetryOn(), budget));
  }
}

TEST_CASE("a repeat is made once, and never after the answer began") {
  RetryBudget budget;
  FailedAttempt failed = attempt(Progress::nothing_back, true);
  failed.attempts = 2;
  failed.repeats = 1;
  CHECK_FALSE(may_retry(failed, RetryOn(), budget));
  failed.progress = Progress::not_connected;  // the second backend was not there: a third may be
  CHECK(may_retry(failed, RetryOn(), budget));
  CHECK_FALSE(may_retry(attempt(Progress::head_received, true), RetryOn(), budget));
  failed.response_begun = true;
  CHECK_FALSE(may_retry(failed, RetryOn(), budget));
}

TEST_CASE("a route says after what an idempotent request is sent again") {
  RetryOn nothing{false, false, false, {}};
  FailedAttempt broken = attempt(Progress::nothing_back, true);
  FailedAttempt slow = broken;
  slow.timed_out = true;
  FailedAttempt answered = attempt(Progress::head_received, true);
  answered.status = 503;
  CHECK(judge_retry(broken, RetryOn()) == Again::from_budget);
  CHECK(judge_retry(slow, RetryOn()) == Again::from_budget);
  CHECK(judge_retry(answered, RetryOn()) == Again::no);
  for (const FailedAttempt& failed : {broken, slow, answered}) CHECK(judge_retry(failed, nothing) == Again::no);
  CHECK(judge_retry(attempt(Progress::not_connected, false), nothing) == Again::free);
  const auto parsed = RetryOn::parse({"timeout", "503"});
  REQUIRE(parsed);
  CHECK(judge_retry(broken, *parsed) == Again::no);
  CHECK(judge_retry(slow, *parsed) == Again::from_budget);
  CHECK(judge_retry(answered, *parsed) == Again::from_budget);
  answered.status = 502;
  CHECK(judge_retry(answered, *parsed) == Again::no);
  answered.status = 503;
  answered.idempotent = false;
  CHECK(judge_retry(answered, *parsed) == Again::no);
}

TEST_CASE("what failed at a backend that is not trusted is sent again, once, however it failed") {
  FailedAttempt failed = attempt(Progress::head_received, true);
  CHECK(judge_retry(failed, RetryOn()) == Again::no);
  failed.distrusted = true;
  CHECK(judge_retry(failed, RetryOn()) == Again::from_budget);
  failed.status = 503;
  CHECK(judge_retry(failed, RetryOn()) == Again::from_budget);
  CHECK(judge_retry(failed, RetryOn{true, true, false, {}}) == Again::no);
  for (bool FailedAttempt::*prevents : {&FailedAttempt::idempotent, &FailedAttempt::body_replayable}) {
    FailedAttempt other = failed;
    other.*prevents = false;
    CHECK(judge_retry(other, RetryOn()) == Again::no);
  }
  FailedAttempt begun = failed;
  begun.response_begun = true;
  CHECK(judge_retry(begun, RetryOn()) == Again::no);
  failed.repeats = 1;
  CHECK(judge_retry(failed, RetryOn()) == Again::no);
}

TEST_CASE("the words of retry_on") {
  for (const char* good : {"connect", "reset", "timeout", "ejected", "400", "503", "599"})
    CHECK(RetryOn::check_word(good) == "");
  for (const char* bad : {"", "resets", "399", "600", "5xx", "503 ", "-503"}) {
    CAPTURE(bad);
    CHECK(RetryOn::check_word(bad).starts_with("expected \"connect\""));
    CHECK_FALSE(RetryOn::parse({bad}));
  }
}

TEST_CASE("connections that time out are tried less often than those that are refused") {
  FailedAttempt failed = attempt(Progress::not_connected, true);
  failed.timed_out = true;
  failed.attempts = kMaxSlowAttempts - 1;
  CHECK(judge_retry(failed, RetryOn()) == Again::free);
  failed.attempts = kMaxSlowAttempts;
  CHECK(judge_retry(failed, RetryOn()) == Again::no);
  failed.timed_out = false;
  CHECK(judge_retry(failed, RetryOn()) == Again::free);
}

TEST_CASE("a body that is not held any more cannot be sent again") {
  RetryBudget budget;
  FailedAttempt failed = attempt(Progress::not_connected, true);
  failed.body_replayable = false;
  CHECK_FALSE(may_retry(failed, RetryOn(), budget));
}

TEST_CASE("attempts are bounded") {
  RetryBudget budget;
  FailedAttempt failed = attempt(Progress::not_connected, true);
  failed.attempts = kMaxAttempts;
  CHECK_FALSE(may_retry(failed, RetryOn(), budget));
}

TEST_CASE("repeats spend a budget that requests fill again") {
  RetryBudget budget;
  const FailedAttempt failed = attempt(Progress::nothing_back, true);
  uint32_t allowed = 0;
  while (may_retry(failed, RetryOn(), budget)) ++allowed;
  CHECK(allowed == RetryBudget::kMostSaved / 100);
  CHECK(may_retry(attempt(Progress::not_connected, false), RetryOn(), budget));  // costs nothing
  CHECK(may_retry(attempt(Progress::refused, false), RetryOn(), budget));
  for (int i = 0; i < 4; ++i) budget.earn();
  CHECK_FALSE(may_retry(failed, RetryOn(), budget));
  budget.earn();
  CHECK(may_retry(failed, RetryOn(), budget));
  CHECK_FALSE(may_retry(failed, RetryOn(), budget));
}
