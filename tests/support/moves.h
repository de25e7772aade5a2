#pragma once

#include <initializer_list>
#include <set>
#include <utility>

namespace roost {

/// Whether Machine::is_move() allows exactly the `legal` ones of all pairs of states up to `last`.
template <class Machine>
bool moves_are(typename Machine::State last,
               std::initializer_list<std::pair<typename Machine::State, typename Machine::State>> legal) {
  using State = typename Machine::State;
  const std::set<std::pair<State, State>> wanted(legal);
  for (int from = 0; from <= static_cast<int>(last); ++from) {
    for (int to = 0; to <= static_cast<int>(last); ++to) {
      const std::pair move(static_cast<State>(from), static_cast<State>(to));
      if (Machine::is_move(move.first, move.second) != wanted.contains(move)) return false;
    }
  }
  return true;
}

}  // namespace roost
