#include "proxy/upstream/health/check_history.h"

#include <doctest/doctest.h>

#include "proxy/upstream/health/check_options.h"

using namespace roost::proxy;
using State = CheckHistory::State;

TEST_CASE("the first check decides at once") {
  for (const bool passed : {true, false}) {
    CheckHistory history(3, 3);
    CHECK(history.state() == State::unknown);
    CHECK(history.changing());
    CHECK(history.note(passed));
    CHECK(history.state() == (passed ? State::passing : State::failing));
    CHECK_FALSE(history.changing());
  }
}

TEST_CASE("a state changes after so many checks in a row that go against it") {
  CheckHistory history(2, 3);
  history.note(true);
  CHECK_FALSE(history.note(false));
  CHECK(history.changing());
  CHECK_FALSE(history.note(false));
  CHECK_FALSE(history.note(true));
  CHECK_FALSE(history.changing());
  CHECK_FALSE(history.note(false));
  CHECK_FALSE(history.note(false));
  CHECK(history.note(false));
  CHECK(history.state() == State::failing);
  CHECK_FALSE(history.note(true));
  CHECK_FALSE(history.note(false));
  CHECK_FALSE(history.note(true));
  CHECK(history.note(true));
  CHECK(history.state() == State::passing);
}

TEST_CASE("one that is known to be bad needs its rise") {
  CheckHistory history(2, 3);
  history.note(true);
  history.note(false);
  history.fail();
  CHECK_FALSE(history.changing());
  CHECK_FALSE(history.note(true));
  CHECK(history.note(true));
  history.forget();
  CHECK(history.state() == State::unknown);
}

TEST_CASE("expected statuses are ranges") {
  CheckOptions options;
  CHECK(options.expects(200));
  CHECK(options.expects(399));
  CHECK_FALSE(options.expects(400));
  options.statuses = {{204, 204}, {500, 599}};
  CHECK(options.expects(204));
  CHECK_FALSE(options.expects(200));
  CHECK(options.expects(503));
}
