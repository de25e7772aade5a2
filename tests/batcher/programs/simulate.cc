#include <cstdint>
#include <cstdlib>

#include <fmt/core.h>

#include "tests/batcher/simulation.h"

// simulate FIRST [COUNT]: runs the simulation of the batcher for COUNT seeds (one when not said) from FIRST on. The
// first seed in which a promise is broken ends it with code 1; the same seed runs the same way again.
int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: simulate FIRST [COUNT]\n");
    return 2;
  }
  const uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  roost::batcher::SimulatedEvents all;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    roost::batcher::Simulation simulation(seed);
    if (const std::string trouble = simulation.run(); !trouble.empty()) {
      fmt::print("seed {}: {}\nreplay: {} {}\n", seed, trouble, argv[0], seed);
      return 1;
    }
    all = all + simulation.events();
  }
  fmt::print("{} seeds: {} likes acknowledged, {} repeats, {} kills, {} power losses, {} adoptions\n", count,
             all.acknowledged_likes, all.repeats, all.kills, all.power_losses, all.adoptions);
  return 0;
}
