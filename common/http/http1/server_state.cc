#include "common/http/http1/server_state.h"

#include "common/base/check.h"

namespace roost::http {

bool ServerState::is_move(State from, State to) {
  switch (from) {
    case State::idle:
      return to == State::reading_head || to == State::exchanging || to == State::lingering || to == State::closed;
    case State::reading_head:
      return to == State::idle || to == State::exchanging || to == State::lingering || to == State::closed;
    case State::exchanging:
      return to == State::idle || to == State::draining || to == State::flushing || to == State::lingering ||
             to == State::closed;
    case State::draining:
      return to == State::idle || to == State::flushing || to == State::lingering || to == State::closed;
    case State::flushing:
      return to == State::idle || to == State::lingering || to == State::closed;
    case State::lingering:
      return to == State::closed;
    case State::closed:
      return false;
  }
  return false;
}

void ServerState::move_to(State next) {
  ROOST_CHECK(is_move(now_, next));
  now_ = next;
}

}  // namespace roost::http
