#include "tests/batcher/simulation.h"

#include <doctest/doctest.h>

namespace roost::batcher {

// A few; the program `simulate` runs many (tests/run simulate).
TEST_CASE("no like is lost or counted twice, whatever crashes") {
  uint64_t kills = 0, power_losses = 0, adoptions = 0, likes = 0, repeats = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Simulation simulation(seed);
    REQUIRE(simulation.run() == "");
    kills += simulation.kills;
    power_losses += simulation.power_losses;
    adoptions += simulation.adoptions;
    likes += simulation.acknowledged_likes;
    repeats += simulation.repeats;
  }
  CHECK(kills > 1000);
  CHECK(power_losses > 100);
  CHECK(adoptions > 1000);
  CHECK(likes > 10'000);
  CHECK(repeats > 1000);
}

TEST_CASE("a seed always runs the same way") {
  Simulation one(7);
  Simulation other(7);
  CHECK(one.run() == other.run());
  CHECK(one.kills == other.kills);
  CHECK(one.acknowledged_likes == other.acknowledged_likes);
  CHECK(one.acknowledged_likes > 0);
}

}  // namespace roost::batcher
