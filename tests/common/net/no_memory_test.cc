// Where memory runs out in a callback of the loop, what it was for suffers, and nothing else.

#include <csignal>
#include <memory>
#include <new>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "common/base/memory_scope.h"
#include "common/net/fd_watcher.h"
#include "tests/common/net/loopback.h"

using namespace roost;
using namespace roost::net;

namespace {

/// Throws the first time, and counts.
struct Failing {
  void run() {
    if (++calls == 1) throw std::bad_alloc();
  }
  int calls = 0;
};

}  // namespace

TEST_CASE("a timer is called again a little later, and others are called in time") {
  TimerQueue queue(1'000);
  Failing failing;
  Failing other{.calls = 1};
  Timer first = Timer::of<&Failing::run>(queue, &failing);
  Timer second = Timer::of<&Failing::run>(queue, &other);
  first.start_ms(10);
  second.start_ms(10);
  queue.advance_to_ms(1'010);
  CHECK_EQ(failing.calls, 1);
  CHECK_EQ(other.calls, 2);
  queue.advance_to_ms(1'010 + Timer::kRetryMs);
  CHECK_EQ(failing.calls, 2);
  CHECK_FALSE(first.active());
}

TEST_CASE("a timer that was destroyed or started in its callback is left alone") {
  struct Owner {
    explicit Owner(TimerQueue& queue) : timer(new Timer(Timer::of<&Owner::run>(queue, this))) {}
    void run() {
      ++calls;
      restarts ? timer->start_ms(7) : timer.reset();
      throw std::bad_alloc();
    }
    std::unique_ptr<Timer> timer;
    bool restarts = false;
    int calls = 0;
  };
  TimerQueue queue(0);
  Owner gone(queue);
  Owner restarted(queue);
  restarted.restarts = true;
  gone.timer->start_ms(1);
  restarted.timer->start_ms(1);
  queue.advance_to_ms(1);
  CHECK_EQ(gone.calls, 1);
  CHECK_EQ(queue.next_wakeup_ms(), 8);
  CHECK_EQ(queue.active_count(), 1);
}

TEST_CASE("a posted task that cannot end is destroyed, and the next run") {
  EventLoop loop;
  auto owned = std::make_shared<int>(0);
  bool next = false;
  loop.post([held = owned] { throw std::bad_alloc(); });
  loop.post([&] { next = true; });
  loop.run_once(true);
  CHECK(next);
  CHECK_EQ(owned.use_count(), 1);
}

TEST_CASE("a signal is handled again") {
  EventLoop loop;
  Failing failing;
  loop.on_signal(SIGUSR1, [&] { failing.run(); });
  std::raise(SIGUSR1);
  run_until(loop, [&] { return failing.calls == 2; });
}

TEST_CASE("a descriptor that is ready is looked at again") {
  EventLoop loop;
  Failing failing;
  int ends[2];
  REQUIRE_EQ(::pipe(ends), 0);
  {
    FdWatcher watcher(loop, ends[0], [&](bool, bool) { failing.run(); });
    watcher.watch(true, false);
    REQUIRE_EQ(::write(ends[1], "x", 1), 1);
    run_until(loop, [&] { return failing.calls == 2; });
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a connection that there is no memory for is closed, and accepting pauses") {
  EventLoop loop;
  Failing failing;
  std::vector<StreamPtr> accepted;
  auto listener = TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) {
    CHECK(MemoryScope::now() == MemoryScope::Kind::refusable);
    failing.run();
    accepted.push_back(std::move(stream));
  });
  Recorder first_events, second_events;
  const StreamPtr first = TcpStream::connect(loop, (*listener)->address());
  first->set_receiver(&first_events);
  first->start_reading();
  run_until(loop, [&] { return first_events.ends + first_events.errors > 0; });
  CHECK_EQ((*listener)->exhausted_count(), 1);
  const StreamPtr second = TcpStream::connect(loop, (*listener)->address());
  second->set_receiver(&second_events);
  run_until(loop, [&] { return accepted.size() == 1; });
}

TEST_CASE("a stream tells its receiver that memory ran out in an event, and goes on") {
  struct Short final : StreamReceiver {
    void on_data(std::string_view bytes) override {
      CHECK(MemoryScope::now() == MemoryScope::Kind::refusable);
      data += bytes;
      if (shortages == 0) throw std::bad_alloc();
    }
    void on_end() override { ended = true; }
    void on_error(const Error&) override { FAIL("it is not broken"); }
    void on_out_of_memory() override {
      CHECK(MemoryScope::now() == MemoryScope::Kind::essential);
      ++shortages;
    }
    std::string data;
    int shortages = 0;
    bool ended = false;
  };
  EventLoop loop;
  Short events;
  StreamPtr far;
  auto listener = TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) {
    far = std::move(stream);
    far->set_receiver(&events);
    far->start_reading();
  });
  Recorder near_events;
  const StreamPtr near = TcpStream::connect(loop, (*listener)->address());
  near->set_receiver(&near_events);
  const Slice one(std::string_view("one"));
  near->write({&one, 1});
  run_until(loop, [&] { return events.shortages == 1; });
  const Slice two(std::string_view("two"));
  near->write({&two, 1});
  near->shutdown();
  run_until(loop, [&] { return events.ended; });
  CHECK_EQ(events.data, "onetwo");
}
