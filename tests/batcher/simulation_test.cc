#include "tests/batcher/simulation.h"

#include <doctest/doctest.h>

namespace roost::batcher {

// A few; the program `simulate` runs many (tests/run simulate).
TEST_CASE("no like is lost or counted twice, whatever crashes") {
  SimulatedEvents all;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Simulation simulation(seed);
    REQUIRE(simulation.run() == "");
    all = all + simulation.events();
  }
  CHECK(all.kills > 1000);
  CHECK(all.power_losses > 100);
  CHECK(all.adoptions > 1000);
  CHECK(all.acknowledged_likes > 10'000);
  CHECK(all.repeats > 1000);
}

TEST_CASE("a seed always runs the same way") {
  Simulation one(7);
  Simulation other(7);
  CHECK(one.run() == other.run());
  CHECK(one.events() == other.events());
  CHECK(one.events().acknowledged_likes > 0);
}

}  // namespace roost::batcher
