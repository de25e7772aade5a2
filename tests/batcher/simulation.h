#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "batcher/batcher.h"
#include "tests/batcher/sim_disk.h"
#include "tests/batcher/sim_sink.h"

namespace roost::batcher {

class SimWorker;

/// What happened in a simulation.
struct SimulatedEvents {
  uint64_t kills = 0;
  uint64_t power_losses = 0;
  uint64_t adoptions = 0;
  uint64_t acknowledged_likes = 0;
  uint64_t repeats = 0;  ///< likes sent again under the token they had
  friend bool operator==(const SimulatedEvents&, const SimulatedEvents&) = default;
};

/// Adds them up.
inline SimulatedEvents operator+(const SimulatedEvents& a, const SimulatedEvents& b) {
  return {.kills = a.kills + b.kills,
          .power_losses = a.power_losses + b.power_losses,
          .adoptions = a.adoptions + b.adoptions,
          .acknowledged_likes = a.acknowledged_likes + b.acknowledged_likes,
          .repeats = a.repeats + b.repeats};
}

/// Several batchers on one simulated disk and one simulated database, driven from a seed: likes come, steps of the
/// commit and sink threads are taken in any order and also in the middle of each other's disk operations, processes are
/// killed, power goes, disks fail, answers are lost. In the end everything is repaired and drained, and check()
/// compares what was promised with what is in the database. The same seed always runs the same way.
class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  ~Simulation();

  /// Runs to the end. The first broken promise in words, empty when all were kept.
  std::string run();
  const SimulatedEvents& events() const { return events_; }

 private:
  friend class SimWorker;
  void random_step();
  void interleave(SimWorker& running);
  void step_worker(SimWorker& worker);
  void kill(SimWorker& worker);
  void lose_power();
  void reap();
  void start_worker();
  void like(SimWorker& worker);
  void like_once(SimWorker& worker);
  void look(SimWorker& worker);
  std::string settle();
  bool finish(SimWorker& worker);
  std::string check() const;
  uint64_t pick(uint64_t below) { return random_() % below; }
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  SimulatedEvents events_;
  std::mt19937_64 random_;
  ManualClock clock_;
  SimDisk disk_;
  SimDatabase database_;
  Durability durability_;
  double disk_trouble_ = 0;
  double crash_chance_ = 0;
  bool settling_ = false;
  int depth_ = 0;
  uint64_t next_process_ = 1;
  int64_t next_key_ = 1000;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  /// A like that its client asks for until it is told that it is counted, and sometimes after.
  struct Repeated {
    int64_t key = 0;
    LikeToken token;
    bool attempted = false;
    bool acknowledged = false;
  };
  std::vector<Repeated> repeated_;
  std::map<int64_t, int64_t> acknowledged_;
  std::map<int64_t, int64_t> attempted_;
  std::string trouble_;
};

}  // namespace roost::batcher
