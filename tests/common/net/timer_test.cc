#include "common/net/timer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using roost::net::Timer;
using roost::net::TimerQueue;

namespace {

/// A timer that writes down when it ran.
struct Probe {
  Probe(TimerQueue& q, std::vector<int>* l, int i) : queue(q), log(l), id(i), timer(Timer::of<&Probe::ring>(q, this)) {}
  void ring() {
    rang_at = queue.now_ms();
    if (log != nullptr) log->push_back(id);
    if (restart_ms >= 0) timer.start_ms(restart_ms);
    if (doomed != nullptr) doomed->reset();
  }
  TimerQueue& queue;
  std::vector<int>* log;
  int id;
  int64_t rang_at = -1;
  int64_t restart_ms = -1;
  std::unique_ptr<Probe>* doomed = nullptr;
  Timer timer;
};

}  // namespace

TEST_CASE("a timer runs at its time, never earlier, once") {
  TimerQueue queue(1000);
  std::vector<int> log;
  Probe probe(queue, &log, 1);
  CHECK_EQ(queue.next_wakeup_ms(), -1);
  probe.timer.start_ms(10);
  CHECK(probe.timer.active());
  CHECK_EQ(probe.timer.due_ms(), 1010);
  CHECK_EQ(queue.active_count(), 1);
  queue.advance_to_ms(1009);
  CHECK(log.empty());
  queue.advance_to_ms(1010);
  CHECK_EQ(log.size(), 1);
  CHECK_FALSE(probe.timer.active());
  CHECK_EQ(queue.active_count(), 0);
  queue.advance_to_ms(5000);
  CHECK_EQ(log.size(), 1);
}

TEST_CASE("zero and negative delays run at the next advance, even when time stands still") {
  TimerQueue queue(64);
  std::vector<int> log;
  Probe one(queue, &log, 1), two(queue, &log, 2);
  one.timer.start_ms(0);
  two.timer.start_ms(-5);
  CHECK(log.empty());
  queue.advance_to_ms(64);
  CHECK_EQ(log, std::vector{1, 2});
}

TEST_CASE("a timer that starts itself with zero in its callback does not run for ever") {
  for (const int64_t step_ms : {0, 1, 63, 64, 1000}) {
    CAPTURE(step_ms);
    TimerQueue queue(60);
    std::vector<int> log;
    Probe probe(queue, &log, 1);
    probe.restart_ms = 0;
    probe.timer.start_ms(0);
    queue.advance_to_ms(60 + step_ms);
    CHECK_GE(log.size(), 1);
    CHECK_LE(log.size(), 2);
    const size_t before = log.size();
    queue.advance_to_ms(60 + step_ms);
    CHECK_EQ(log.size(), before + 1);
  }
}

TEST_CASE("callbacks count from the new present: a late advance does not catch up one period at a time") {
  TimerQueue queue(0);
  std::vector<int> log;
  Probe probe(queue, &log, 1);
  probe.restart_ms = 10;
  probe.timer.start_ms(10);
  queue.advance_to_ms(1000);
  CHECK_EQ(log.size(), 1);
  CHECK_EQ(probe.rang_at, 1000);
  CHECK_EQ(probe.timer.due_ms(), 1010);
}

TEST_CASE("what is started after observe_ms counts from the time observed") {
  TimerQueue queue(0);
  Probe probe(queue, nullptr, 1);
  queue.observe_ms(500);
  queue.observe_ms(400);
  CHECK_EQ(queue.now_ms(), 500);
  probe.timer.start_ms(0);
  CHECK_EQ(probe.timer.due_ms(), 500);
  probe.timer.start_ms(100);
  queue.advance_to_ms(599);
  CHECK_EQ(probe.rang_at, -1);
  queue.advance_to_ms(600);
  CHECK_EQ(probe.rang_at, 600);
}

TEST_CASE("callbacks may stop, move and destroy other timers of the same moment") {
  TimerQueue queue(0);
  std::vector<int> log;
  auto victim = std::make_unique<Probe>(queue, &log, 2);
  Probe killer(queue, &log, 1);
  Probe last(queue, &log, 3);
  killer.doomed = &victim;
  killer.timer.start_ms(5);
  victim->timer.start_ms(5);
  last.timer.start_ms(5);
  queue.advance_to_ms(5);
  CHECK_EQ(log, std::vector{1, 3});
  CHECK_EQ(queue.active_count(), 0);
}

TEST_CASE("a callback may destroy its own timer") {
  TimerQueue queue(0);
  auto probe = std::make_unique<Probe>(queue, nullptr, 1);
  probe->doomed = &probe;
  probe->timer.start_ms(1);
  queue.advance_to_ms(1);
  CHECK_EQ(probe.get(), nullptr);
  CHECK_EQ(queue.active_count(), 0);
}

TEST_CASE("every edge between levels is met to the millisecond, from any position of the wheel") {
  for (const int64_t start : {int64_t{0}, int64_t{63}, int64_t{64}, int64_t{4095}, (int64_t{1} << 30) - 1,
                              (int64_t{1} << 36) - 1, (int64_t{1} << 36) + 12'345}) {
    for (int bits = 0; bits <= 40; ++bits) {
      for (const int64_t off : {-1, 0, 1}) {
        const int64_t delay = std::max<int64_t>((int64_t{1} << bits) + off, 0);
        TimerQueue queue(start);
        Probe probe(queue, nullptr, 1);
        probe.timer.start_ms(delay);
        int wakeups = 0;
        // As a loop does it: sleeping until the wake-up time given.
        while (probe.rang_at < 0 && wakeups < 2000) {
          const int64_t next = queue.next_wakeup_ms();
          REQUIRE_GE(next, queue.now_ms());
          REQUIRE_LE(next, start + delay);
          queue.advance_to_ms(next);
          ++wakeups;
        }
        CAPTURE(start);
        CAPTURE(delay);
        REQUIRE_EQ(probe.rang_at, start + delay);
        // Each digit costs one wake-up, and each turn of the last level one per lap.
        REQUIRE_LE(wakeups, 8 + (delay >> 35));
      }
    }
  }
}

TEST_CASE("the longest delay is cut, not overflown") {
  TimerQueue queue(int64_t{1} << 40);
  Probe probe(queue, nullptr, 1);
  probe.timer.start_ms(INT64_MAX);
  CHECK_EQ(probe.timer.due_ms(), (int64_t{1} << 40) + TimerQueue::kMaxDelayMs);
  queue.advance_to_ms((int64_t{1} << 40) + (int64_t{1} << 38));
  CHECK(probe.timer.active());
}

TEST_CASE("the queue agrees with a sorted list, whatever is started, moved, stopped and skipped") {
  std::mt19937_64 random(20'240'917);
  int64_t now = 123'456'789;
  TimerQueue queue(now);
  std::vector<int> log;
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 64; ++i) probes.push_back(std::make_unique<Probe>(queue, &log, i));
  std::map<int, int64_t> model;  // id → due time
  for (int step = 0; step < 60'000; ++step) {
    const int id = static_cast<int>(random() % probes.size());
    const int64_t range = int64_t{1} << random() % 39;
    const auto delay = static_cast<int64_t>(random() % static_cast<uint64_t>(range));
    const auto choice = random() % 10;
    if (choice < 5) {
      probes[id]->timer.start_ms(delay);
      model[id] = now + delay;
    } else if (choice < 6) {
      probes[id]->timer.stop();
      model.erase(id);
    } else {
      now += choice == 9 ? delay : delay % 5000;
      queue.advance_to_ms(now);
      std::vector<std::pair<int64_t, int>> due;
      for (const auto& [key, at] : model) {
        if (at <= now) due.emplace_back(at, key);
      }
      REQUIRE_EQ(log.size(), due.size());
      for (size_t i = 0; i + 1 < log.size(); ++i) REQUIRE_LE(model[log[i]], model[log[i + 1]]);
      for (const auto& [at, key] : due) {
        REQUIRE_NE(std::find(log.begin(), log.end(), key), log.end());
        model.erase(key);
      }
      log.clear();
    }
    REQUIRE_EQ(queue.active_count(), model.size());
    const int64_t next = queue.next_wakeup_ms();
    REQUIRE_EQ(next < 0, model.empty());
    for (const auto& [key, at] : model) REQUIRE_LE(next, at);
  }
}

TEST_CASE("a timer that was stopped long ago delays no other") {
  // On each level: the place of the stopped timer lies a little behind the wheel when the other one starts.
  for (const int64_t unit : {1, 64, 4096, 262'144}) {
    TimerQueue queue(64 * unit);
    Probe stopped(queue, nullptr, 1);
    Probe other(queue, nullptr, 2);
    stopped.timer.start_ms(5 * unit);
    stopped.timer.stop();
    queue.advance_to_ms(74 * unit);
    other.timer.start_ms(55 * unit);
    CHECK_LE(queue.next_wakeup_ms(), 129 * unit);
    queue.advance_to_ms(130 * unit);
    CHECK_EQ(other.rang_at, 130 * unit);  // the time of the turn
  }
}

TEST_CASE("timers outlive their queue without touching it") {
  auto queue = std::make_unique<TimerQueue>(0);
  Probe probe(*queue, nullptr, 1);
  probe.timer.start_ms(100'000);
  queue.reset();
  CHECK_FALSE(probe.timer.active());
}
