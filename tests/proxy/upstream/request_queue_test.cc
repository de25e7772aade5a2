#include "proxy/upstream/request_queue.h"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;
using net::EventLoop;

namespace {

struct Guest final : QueueTicket {
  Guest(RequestQueue& q, std::string& l, char n) : queue(q), log(l), name(n) {}
  ~Guest() { queue.leave(*this); }
  void on_turn() override {
    log += name;
    if (at_turn) at_turn();
  }
  RequestQueue& queue;
  std::string& log;
  char name;
  std::function<void()> at_turn;
};

struct Lab {
  explicit Lab(size_t most = 4) : queue(std::make_shared<RequestQueue>(most)) {}
  /// Each client has a lane of its own here.
  bool try_enter(char name, uint64_t client) {
    return queue->enter(guests.emplace_back(*queue, log, name), loop, client);
  }
  void enter(char name, uint64_t client = 0) { CHECK(try_enter(name, client)); }
  std::string wake(int times = 1) {
    for (int i = 0; i < times; ++i) queue->wake_next();
    CHECK(log.empty());  // at a later turn
    loop.run_once(false);
    return std::exchange(log, {});
  }
  EventLoop loop;
  std::shared_ptr<RequestQueue> queue;
  std::string log;
  std::deque<Guest> guests;
};

constexpr int kThreads = 4;
constexpr int kEach = 500;  // customers of a thread
constexpr int kPlaces = 3;

struct Worker;
struct Customer final : QueueTicket {
  void on_turn() override;
  Worker* worker = nullptr;
};

/// What all threads share.
struct Shop {
  bool take() {
    int now = taken.load();
    while (now < kPlaces) {
      if (taken.compare_exchange_weak(now, now + 1)) return true;
    }
    return false;
  }
  std::shared_ptr<RequestQueue> queue = std::make_shared<RequestQueue>(size_t{kThreads} * kEach);
  std::atomic<int> taken{0};
};

struct Worker {
  explicit Worker(Shop& s) : shop(s) {}
  void attempt(Customer& customer, bool called) {
    if ((called || shop.queue->size() == 0) && shop.take()) return serve();
    if (called) {
      shop.queue->enter_in_front(customer, loop);
    } else {
      REQUIRE(shop.queue->enter(customer, loop, static_cast<uint64_t>(&customer - customers.data())));
    }
    if (shop.taken.load() < kPlaces) shop.queue->wake_next();
  }
  void serve() {
    loop.post([this] {
      shop.taken.fetch_sub(1);
      shop.queue->wake_next();
      if (++served == kEach) loop.stop();
    });
  }
  void run() {
    for (Customer& customer : customers) {
      customer.worker = this;
      loop.post([this, one = &customer] { attempt(*one, false); });
    }
    loop.run();
  }
  Shop& shop;
  EventLoop loop;
  std::array<Customer, kEach> customers;
  int served = 0;
};

void Customer::on_turn() {
  worker->attempt(*this, true);
}

}  // namespace

TEST_CASE("first come, first served, one for each that is given back") {
  Lab lab;
  for (const char name : {'a', 'b', 'c', 'd'}) lab.enter(name);
  CHECK(lab.wake() == "a");
  CHECK(lab.wake(2) == "bc");
  CHECK(lab.queue->size() == 1);
  CHECK(lab.wake(3) == "d");
  CHECK(lab.wake() == "");
  CHECK(lab.queue->size() == 0);
}

TEST_CASE("clients take turns, and each client's requests come in their order") {
  Lab lab(20);
  for (const char name : {'a', 'b', 'c', 'd', 'e'}) lab.enter(name, 1);
  lab.enter('x', 2);
  lab.enter('y', 2);
  lab.enter('p', 3);
  std::string turns = lab.wake(8);
  CHECK(turns.size() == 8);
  CHECK(std::string(turns.begin(), turns.begin() + 3).find('p') != std::string::npos);
  CHECK(turns.find('x') < 3);
  CHECK(turns.find('y') < 5);
  std::erase_if(turns, [](char c) { return c > 'e'; });
  CHECK(turns == "abcde");
}

TEST_CASE("one client never fills the queue") {
  Lab lab(1'000);
  size_t entered = 0;
  while (lab.try_enter('a', 1)) ++entered;
  CHECK(entered == 800);
  size_t others = 0;
  while (lab.try_enter('b', 2)) ++others;
  CHECK(others == 160);
  lab.enter('c', 3);
  CHECK_FALSE(lab.try_enter('a', 1));
  for (size_t i = 0; i < 300; ++i) lab.queue->leave(lab.guests[i]);
  CHECK(lab.try_enter('a', 1));
  lab.queue->wake_next();
  lab.loop.run_once(false);
  CHECK(std::exchange(lab.log, {}).size() == 1);
}

TEST_CASE("it is bounded; who has been called enters again in front") {
  Lab lab;
  for (const char name : {'a', 'b', 'c', 'd'}) lab.enter(name);
  Guest late(*lab.queue, lab.log, 'l');
  CHECK_FALSE(lab.queue->enter(late, lab.loop, 0));
  Guest& first = lab.guests.front();
  first.at_turn = [&] {
    lab.enter('e');  // another takes the place
    lab.queue->enter_in_front(first, lab.loop);
  };
  CHECK(lab.wake() == "a");
  CHECK(lab.queue->size() == 5);
  first.at_turn = nullptr;
  CHECK(lab.wake(2) == "ab");
}

TEST_CASE("who leaves has no turn, and passes on the one it was to have") {
  Lab lab;
  for (const char name : {'a', 'b', 'c', 'd'}) lab.enter(name);
  lab.queue->leave(lab.guests[1]);
  lab.queue->leave(lab.guests[1]);
  lab.queue->wake_next();
  SUBCASE("called and gone") {
    lab.queue->leave(lab.guests[0]);
    lab.loop.run_once(false);
    CHECK(lab.log == "c");
  }
  SUBCASE("gone inside another's turn") {
    lab.queue->wake_next();
    lab.guests[0].at_turn = [&] { lab.queue->leave(lab.guests[2]); };
    lab.loop.run_once(false);
    lab.loop.run_once(false);
    CHECK(lab.log == "ad");
  }
  lab.log.clear();
}

TEST_CASE("threads share places, and nobody is forgotten") {
  Shop shop;
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < kThreads; ++i) workers.push_back(std::make_unique<Worker>(shop));
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([one = worker.get()] { one->run(); });
  for (auto& thread : threads) thread.join();
  for (const auto& worker : workers) CHECK(worker->served == kEach);
  CHECK(shop.taken.load() == 0);
  CHECK(shop.queue->size() == 0);
}
