#include "common/net/event_loop.h"

#include <csignal>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/net/fd_watcher.h"
#include "tests/common/net/loopback.h"

using roost::Task;
using roost::net::EventLoop;
using roost::net::FdWatcher;
using roost::net::Retirable;
using roost::net::Timer;

namespace {

struct Dying final : Retirable {
  Dying(std::vector<int>& l, int i, Task at = nullptr) : log(l), id(i), at_end(std::move(at)) {}
  ~Dying() override {
    log.push_back(id);
    if (at_end) at_end();
  }
  std::vector<int>& log;
  int id;
  Task at_end;
};

}  // namespace

TEST_CASE("posted tasks run in order, at a later turn, and may post more") {
  EventLoop loop;
  std::vector<int> log;
  loop.post([&] {
    log.push_back(1);
    loop.post([&] { log.push_back(3); });
  });
  loop.post([&] { log.push_back(2); });
  CHECK(log.empty());
  loop.run_once(true);
  CHECK_EQ(log, std::vector{1, 2});
  loop.run_once(true);
  CHECK_EQ(log, std::vector{1, 2, 3});
}

namespace {

int written_by_handler = -1;

/// Stops the thread as SIGSTOP and SIGCONT would, for half a second in which a byte arrives.
void stop_for_a_while(int) {
  static_cast<void>(!::write(written_by_handler, "x", 1));
  timespec pause{0, 500'000'000};
  while (::nanosleep(&pause, &pause) != 0) continue;
}

}  // namespace

TEST_CASE("what arrived while the process was stopped is read before timers are judged") {
  EventLoop loop;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  written_by_handler = ends[1];
  std::vector<std::string> log;
  FdWatcher watcher(loop, ends[0], [&](bool, bool) {
    char byte = 0;
    if (::read(ends[0], &byte, 1) == 1) log.emplace_back("read");
  });
  watcher.watch(true, false);
  struct Late {
    void on_due() {
      log.emplace_back("timer");
      loop.stop();
    }
    std::vector<std::string>& log;
    EventLoop& loop;
  } late{log, loop};
  Timer timer = Timer::of<&Late::on_due>(loop.timers(), &late);
  timer.start_ms(200);
  struct sigaction stopping {};
  struct sigaction before {};
  stopping.sa_handler = stop_for_a_while;
  ::sigaction(SIGALRM, &stopping, &before);
  const itimerval soon{{0, 0}, {0, 20'000}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  loop.run();
  ::sigaction(SIGALRM, &before, nullptr);
  CHECK(log == std::vector<std::string>{"read", "timer"});
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("tasks come from other threads, none lost, each thread's in order") {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  std::vector<int> last(kThreads, -1);
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.post([&, t, i] {
          if (last[t] == i - 1) last[t] = i;
          if (++total == kThreads * kTasks) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(last, std::vector(kThreads, kTasks - 1));
}

TEST_CASE("stop ends run from another thread, and run may be called again") {
  EventLoop loop;
  CHECK(loop.in_loop_thread());
  for (int round = 0; round < 2; ++round) {
    std::thread other([&] {
      CHECK_FALSE(loop.in_loop_thread());
      loop.stop();
    });
    loop.run();
    other.join();
  }
  std::thread runner([&] {
    loop.post([&] { CHECK(loop.in_loop_thread()); });
    loop.stop();
    loop.run();
  });
  runner.join();
  CHECK_FALSE(loop.in_loop_thread());
}

TEST_CASE("what is retired dies at the end of the turn, in order, and what it retires dies with it") {
  EventLoop loop;
  std::vector<int> log;
  loop.post([&] {
    loop.retire(std::make_unique<Dying>(log, 1, [&] { loop.retire(std::make_unique<Dying>(log, 3)); }));
    loop.retire(std::make_unique<Dying>(log, 2));
    loop.retire(nullptr);
    CHECK(log.empty());
  });
  loop.post([&] { CHECK(log.empty()); });
  loop.run_once(true);
  CHECK_EQ(log, std::vector{1, 2, 3});
}

TEST_CASE("what a timer retires dies in the same turn") {
  EventLoop loop;
  std::vector<int> log;
  struct Owner {
    void ring() { loop.retire(std::make_unique<Dying>(log, 1)); }
    EventLoop& loop;
    std::vector<int>& log;
  } owner{loop, log};
  Timer timer = Timer::of<&Owner::ring>(loop.timers(), &owner);
  timer.start_ms(0);
  loop.run_once(false);
  CHECK_EQ(log, std::vector{1});
}

TEST_CASE("tasks and retired objects left at the end are destroyed unrun, with all they own") {
  std::vector<int> log;
  bool ran = false;
  {
    EventLoop loop;
    auto owned = std::make_unique<Dying>(log, 1, [&] { loop.post([&ran] { ran = true; }); });
    loop.post([&ran, kept = std::move(owned)] { ran = true; });
    loop.retire(std::make_unique<Dying>(log, 2));
  }
  CHECK_EQ(log.size(), 2);
  CHECK_FALSE(ran);
}

TEST_CASE("timers of a loop run, the nearest first, whichever was started first") {
  EventLoop loop;
  struct Stamp {
    void ring() { at_ms = loop.now_ms(); }
    EventLoop& loop;
    int64_t at_ms = -1;
  } late{loop}, early{loop}, stopped{loop};
  Timer late_timer = Timer::of<&Stamp::ring>(loop.timers(), &late);
  Timer early_timer = Timer::of<&Stamp::ring>(loop.timers(), &early);
  Timer stopped_timer = Timer::of<&Stamp::ring>(loop.timers(), &stopped);
  late_timer.start_ms(20);
  loop.run_once(false);
  early_timer.start_ms(2);
  stopped_timer.start_ms(1);
  stopped_timer.stop();
  roost::net::run_until(loop, [&] { return late.at_ms >= 0; });
  CHECK_GE(early.at_ms, 0);
  CHECK_LE(early.at_ms, late.at_ms);
  CHECK_EQ(stopped.at_ms, -1);
  CHECK_GE(late.at_ms, late_timer.due_ms());
}

TEST_CASE("events see the time at which the wait ended") {
  EventLoop loop;
  loop.run_once(false);
  const int64_t before_ms = loop.now_ms();
  const int64_t unix_before_ms = loop.unix_ms();
  struct Nothing {
    void ring() {}
  } nothing;
  Timer timer = Timer::of<&Nothing::ring>(loop.timers(), &nothing);
  // A wait of at least this long, ended by a task: no timer has moved the present since.
  timer.start_ms(60'000);
  int64_t seen_ms = 0;
  std::thread other([&] {
    const int64_t start_ms = roost::SystemClock().monotonic_ms();
    while (roost::SystemClock().monotonic_ms() < start_ms + 30) std::this_thread::yield();
    loop.post([&] { seen_ms = loop.now_ms(); });
  });
  while (seen_ms == 0) loop.run_once(true);
  other.join();
  CHECK_GE(seen_ms, before_ms + 25);
  CHECK_GE(loop.unix_ms(), unix_before_ms + 20);
  CHECK_LE(std::abs(loop.unix_ms() - roost::SystemClock().unix_ms()), 5'000);
}

TEST_CASE("a signal runs its task; SIGPIPE is ignored") {
  EventLoop loop;
  int signals = 0;
  loop.on_signal(SIGHUP, [&] { ++signals; });
  raise(SIGPIPE);
  raise(SIGHUP);
  roost::net::run_until(loop, [&] { return signals == 1; });
}

TEST_CASE("as many signals as a loop has room for") {
  EventLoop loop;
  for (size_t i = 0; i < EventLoop::kMaxSignals; ++i) loop.on_signal(SIGHUP, [] {});
}
