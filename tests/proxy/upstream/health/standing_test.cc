#include "proxy/upstream/health/standing.h"

#include <vector>

#include <doctest/doctest.h>

using roost::proxy::Standing;
using State = Standing::State;

TEST_CASE("what moves the standing of a backend") {
  struct Case {
    State from;
    bool trial;
    State after_trial;
    State after_giving_up;
    State after_answer;
  };
  const auto cases = std::vector<Case>{
      {State::trusted, false, State::trusted, State::trusted, State::trusted},
      {State::ejected, false, State::ejected, State::ejected, State::ejected},
      {State::awaiting, true, State::on_trial, State::awaiting, State::probation},
      {State::on_trial, false, State::on_trial, State::awaiting, State::probation},
      {State::probation, false, State::probation, State::probation, State::probation},
  };
  for (const Case& one : cases) {
    CAPTURE(static_cast<int>(one.from));
    Standing standing;
    standing.set(one.from);
    CHECK(standing.begin_trial() == one.trial);
    CHECK(standing.state() == one.after_trial);
    standing.set(one.from);
    standing.give_up_trial();
    CHECK(standing.state() == one.after_giving_up);
    standing.set(one.from);
    standing.note_answer();
    CHECK(standing.state() == one.after_answer);
  }
}
