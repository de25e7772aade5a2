#include "common/base/work_queue.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include <doctest/doctest.h>

using roost::WorkQueue;

TEST_CASE("a work queue is bounded, and runs what it took before it ends") {
  std::promise<void> gate;
  std::atomic<size_t> ran = 0;
  size_t accepted = 0;
  {
    WorkQueue queue({.threads = 1, .max_queued = 64});
    REQUIRE(queue.submit([&](size_t) { gate.get_future().wait(); }));
    while (queue.queued() > 0) std::this_thread::yield();
    while (queue.submit([&](size_t) { ++ran; })) ++accepted;
    CHECK(accepted == 64);
    WorkQueue::Job refused = [&](size_t) { ++ran; };
    CHECK_FALSE(queue.submit(std::move(refused)));
    CHECK(refused);
    gate.set_value();
  }
  CHECK(ran == accepted);
}

TEST_CASE("a work queue that drops at its end runs only what has begun") {
  std::promise<void> gate;
  std::promise<void> begun;
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> waiting = held;
  std::thread opener;
  {
    WorkQueue queue({.threads = 1, .max_queued = 2, .at_end = WorkQueue::AtEnd::drop});
    REQUIRE(queue.submit([&](size_t) {
      begun.set_value();
      gate.get_future().wait();
    }));
    begun.get_future().wait();
    REQUIRE(queue.submit([held = std::move(held)](size_t) { ++*held; }));
    opener = std::thread([&] {
      while (!waiting.expired()) std::this_thread::yield();  // Until the destructor has dropped it.
      gate.set_value();
    });
  }
  opener.join();
  CHECK(waiting.expired());
}

TEST_CASE("each thread of a work queue runs jobs under its own number") {
  constexpr size_t kThreads = 3;
  std::atomic<size_t> arrived = 0;
  std::atomic<size_t> numbers = 0;
  {
    WorkQueue queue({.threads = kThreads, .max_queued = kThreads});
    for (size_t i = 0; i < kThreads; ++i) {
      REQUIRE(queue.submit([&](size_t thread) {
        numbers |= size_t{1} << thread;
        ++arrived;
        while (arrived < kThreads) std::this_thread::yield();  // So that none takes two.
      }));
    }
  }
  CHECK(numbers == 0b111);
}
