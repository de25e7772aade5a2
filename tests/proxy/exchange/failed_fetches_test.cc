#include "proxy/exchange/failed_fetches.h"

#include <doctest/doctest.h>

using namespace roost::proxy;
using Then = FailedFetches::Then;

TEST_CASE("after a failed fetch of another's: the next, then alone, within the budget") {
  FailedFetches failed;
  RetryBudget budget;
  CHECK(failed.note(502, budget) == Then::join_again);
  CHECK(failed.note(504, budget) == Then::ask_alone);
  failed.reset();
  CHECK(failed.note(502, budget) == Then::join_again);
  while (budget.spend()) continue;
  CHECK(failed.note(502, budget) == Then::give_up);
}

TEST_CASE("where there is no backend to ask nobody asks again") {
  FailedFetches failed;
  RetryBudget budget;
  CHECK(failed.note(503, budget) == Then::give_up);
}
