#include "tests/batcher/simulation.h"

#include <cstdlib>

#include <doctest/doctest.h>

namespace roost::batcher {

// ROOST_SIM_SEEDS runs more of them, ROOST_SIM_FIRST replays from one on.
TEST_CASE("no like is lost or counted twice, whatever crashes") {
  const char* first_text = std::getenv("ROOST_SIM_FIRST");
  const char* count_text = std::getenv("ROOST_SIM_SEEDS");
  const uint64_t first = first_text != nullptr ? std::strtoull(first_text, nullptr, 10) : 1;
  const uint64_t count = count_text != nullptr ? std::strtoull(count_text, nullptr, 10) : 300;
  uint64_t kills = 0, power_losses = 0, adoptions = 0, likes = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    Simulation simulation(seed);
    REQUIRE(simulation.run() == "");
    kills += simulation.kills;
    power_losses += simulation.power_losses;
    adoptions += simulation.adoptions;
    likes += simulation.acknowledged_likes;
  }
  MESSAGE(count << " seeds: " << likes << " likes acknowledged, " << kills << " kills, " << power_losses
                << " power losses, " << adoptions << " adoptions");
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
