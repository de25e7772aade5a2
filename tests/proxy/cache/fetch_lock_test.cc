#include "proxy/cache/fetch_lock.h"

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "common/net/event_loop.h"

using roost::BlockRef;
using roost::net::EventLoop;
using roost::proxy::CacheKey;
using roost::proxy::Fetch;
using roost::proxy::FetchedHead;
using roost::proxy::FetchLock;
using roost::proxy::FetchRef;
using roost::proxy::FetchState;
using roost::proxy::FetchWaiter;

namespace {

CacheKey key(std::string_view url, std::string_view variant = {}) {
  CacheKey key;
  key.assign("http", url, {});
  key.set_variant(variant);
  return key;
}

}  // namespace

TEST_CASE("one leads, the others join, until the fetch is closed") {
  FetchLock lock;
  const FetchLock::Joined first = lock.join(key("k"));
  CHECK(first.leads);
  const FetchLock::Joined second = lock.join(key("k"));
  CHECK_FALSE(second.leads);
  CHECK_EQ(second.fetch.get(), first.fetch.get());
  const FetchLock::Joined other = lock.join(key("another"));
  CHECK(other.leads);
  CHECK_EQ(lock.size(), 2);
  lock.close(key("k"), *first.fetch);
  CHECK_EQ(lock.size(), 1);
  const FetchLock::Joined next = lock.join(key("k"));
  CHECK(next.leads);
  CHECK_NE(next.fetch.get(), first.fetch.get());
  lock.close(key("k"), *first.fetch);  // closing twice does not close the next one's
  CHECK_FALSE(lock.join(key("k")).leads);
}

TEST_CASE("a full table lets everybody fetch alone") {
  FetchLock lock;
  std::vector<FetchLock::Joined> joined;
  for (size_t i = 0; i < FetchLock::kMaxRunning; ++i) {
    joined.push_back(lock.join(key(std::to_string(i))));
    if (lock.size() != i + 1) break;  // a shard is full before the table is
  }
  const std::string refused = std::to_string(joined.size() - 1);
  CHECK_GT(joined.size(), FetchLock::kMaxRunning / 2);
  CHECK(joined.back().leads);
  const FetchLock::Joined again = lock.join(key(refused));
  CHECK(again.leads);
  CHECK_NE(again.fetch.get(), joined.back().fetch.get());
  CHECK(again.fetch->spoiled());  // no purge would find it
  CHECK_FALSE(joined.front().fetch->spoiled());
  lock.close(key(refused), *again.fetch);
  CHECK_FALSE(lock.join(key("0")).leads);
}

TEST_CASE("a purge meets the fetches under way: not stored, and closed to newcomers") {
  FetchLock lock;
  const FetchRef plain = lock.join(key("h/a")).fetch;
  const FetchRef variant = lock.join(key("h/a", "\n=x")).fetch;
  const FetchRef deeper = lock.join(key("h/a/b")).fetch;
  const FetchRef tagged = lock.join(key("h/c")).fetch;
  FetchedHead head;
  head.status = 200;
  head.tags = "\"one\", \"two\"";
  tagged->publish_head(head);
  SUBCASE("of a URL, with its variants") {
    lock.spoil(key("h/a"));
    CHECK(plain->spoiled());
    CHECK(variant->spoiled());
    CHECK_FALSE(deeper->spoiled());
    CHECK_EQ(lock.size(), 2);
    CHECK(lock.join(key("h/a")).leads);
    lock.close(key("h/a"), *plain);  // the old leader's: not its own any more
    CHECK_FALSE(lock.join(key("h/a")).leads);
  }
  SUBCASE("of a prefix") {
    lock.spoil_prefix(key("h/a"));
    CHECK(deeper->spoiled());
    CHECK_FALSE(tagged->spoiled());
    CHECK_EQ(lock.size(), 1);
  }
  SUBCASE("of a tag, which one without a head may have") {
    lock.spoil_tag("tw");
    CHECK(plain->spoiled());
    CHECK_FALSE(tagged->spoiled());
    lock.spoil_tag("two");
    CHECK(tagged->spoiled());
    CHECK_EQ(lock.size(), 0);
  }
}

namespace {

constexpr int kKeys = 8;

/// What the clients of all threads share: an origin that counts its fetches, and fails the first of each key.
struct World {
  FetchLock lock;
  std::array<std::atomic<int>, kKeys> attempts{};
  std::array<std::atomic<int>, kKeys> fetched{};
  std::atomic<int> done{0};
  std::atomic<int> wrong{0};

  static CacheKey key_of(int index) { return key("key " + std::to_string(index)); }
  static std::string body(int index) {
    return std::string(static_cast<size_t>(index) * 9'000 + 1, static_cast<char>('a' + index));
  }
};

/// Asks for one key until it has the body, like an exchange: competes again when the leader has gone.
struct Client final : FetchWaiter {
  Client(World& in, EventLoop& on, int which) : world(in), loop(on), index(which) {}
  void start() {
    const FetchLock::Joined joined = world.lock.join(World::key_of(index));
    fetch = joined.fetch;
    leads = joined.leads;
    cursor.stop();
    if (!leads) {
      fetch->begin_reading(cursor);
      return fetch->wait(*this, loop);
    }
    step = 0;
    loop.post([this] { lead(); });
  }
  void lead() {
    const auto at = static_cast<size_t>(index);
    if (step++ == 0) {
      if (world.attempts[at]++ == 0) return give_up();
      world.fetched[at]++;
      FetchedHead head;
      head.status = 200;
      fetch->publish_head(head);
    } else if (const std::string all = World::body(index); sent < all.size()) {
      fetch->append(std::string_view(all).substr(sent, 4'000));
      sent += 4'000;
    } else {
      fetch->complete();
      ++world.done;
      return;  // stays in the table: who comes later is served by it
    }
    loop.post([this] { lead(); });
  }
  void give_up() {
    world.lock.close(World::key_of(index), *fetch);
    fetch->end(FetchState::abandoned);
    start();
  }
  void on_fetch_progress() override {
    std::vector<BlockRef> pieces;
    const Fetch::Reading reading = fetch->read(cursor, pieces, 1'000);
    for (const BlockRef& piece : pieces) received += piece->view();
    if (reading.state == FetchState::abandoned) {
      fetch->leave(*this);
      return start();
    }
    if (reading.state != FetchState::complete) return;
    fetch->leave(*this);
    world.wrong += received != World::body(index);
    ++world.done;
  }

  World& world;
  EventLoop& loop;
  int index;
  FetchRef fetch;
  Fetch::Cursor cursor;
  std::string received;
  size_t sent = 0;
  int step = 0;
  bool leads = false;
};

/// `clients` of them on a loop of its own, started in small groups; of every eight one goes while it waits.
void run_loop(World& world, int clients, int total) {
  EventLoop loop;
  std::vector<std::unique_ptr<Client>> all;
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<Client>(world, loop, i % kKeys));
    all.back()->start();
    if (i % 16 == 15) loop.run_once(false);
    if (i % 8 != 7 || all.back()->leads || !all.back()->received.empty()) continue;
    all.pop_back();
    ++world.done;
  }
  while (world.done < total) {
    loop.run_once(false);
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("400 waiters on two threads, leaders that give up: one fetch per key") {
  World world;
  constexpr int kClients = 200;
  std::thread other([&] { run_loop(world, kClients, 2 * kClients); });
  run_loop(world, kClients, 2 * kClients);
  other.join();
  CHECK_EQ(world.wrong, 0);
  for (int i = 0; i < kKeys; ++i) CHECK_EQ(world.fetched[static_cast<size_t>(i)], 1);
}

TEST_CASE("who knows of a change does not join a fetch from before it") {
  FetchLock lock;
  const FetchLock::Joined old = lock.join(key("k"), 10);
  CHECK(old.leads);
  CHECK_FALSE(lock.join(key("k"), 20, 10).leads);
  const FetchLock::Joined newer = lock.join(key("k"), 30, 15);
  CHECK(newer.leads);
  CHECK(old.fetch->spoiled());  // it is listed no more, so a purge would not find it
  CHECK_FALSE(newer.fetch->spoiled());
  CHECK_FALSE(lock.join(key("k"), 40, 15).leads);
  lock.close(key("k"), *old.fetch);  // not the one in its place
  CHECK_FALSE(lock.join(key("k"), 50).leads);
  newer.fetch->end(FetchState::abandoned);
  lock.close(key("k"), *newer.fetch);
  old.fetch->end(FetchState::abandoned);
  CHECK(lock.size() == 0);
}
