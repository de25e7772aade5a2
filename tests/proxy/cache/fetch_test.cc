#include "proxy/cache/fetch.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/net/event_loop.h"
#include "tests/support/field_text.h"

using roost::BlockAccount;
using roost::BlockRef;
using roost::net::EventLoop;
using roost::proxy::Fetch;
using roost::proxy::FetchedHead;
using roost::proxy::FetchRef;
using roost::proxy::FetchState;
using roost::proxy::FetchWaiter;

namespace {

FetchedHead head_of(int status = 200) {
  FetchedHead head;
  head.status = status;
  head.fields.add("X", "y");
  return head;
}

FetchedHead head_of_length(uint64_t length) {
  FetchedHead head = head_of();
  head.length_known = true;
  head.length = length;
  return head;
}

/// Bytes that differ from block to block, so that a piece out of place shows.
std::string pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i / 1000 + i) % 26);
  return bytes;
}

std::string text_of(const std::vector<BlockRef>& blocks) {
  std::string text;
  for (const BlockRef& block : blocks) text += block->view();
  return text;
}

/// Reads all there is at every event and notes it.
struct Reader final : FetchWaiter {
  explicit Reader(FetchRef joined) : fetch(std::move(joined)) { may_read = fetch->begin_reading(cursor); }
  void on_fetch_progress() override {
    ++events;
    if (reads) read();
    if (then) then();
  }
  void read() {
    std::vector<BlockRef> pieces;
    last = fetch->read(cursor, pieces, 1'000'000);
    body += text_of(pieces);
    piece_count += pieces.size();
  }

  FetchRef fetch;
  Fetch::Cursor cursor;
  Fetch::Reading last;
  std::string body;
  size_t piece_count = 0;
  int events = 0;
  bool reads = true;
  bool may_read = false;
  std::function<void()> then;
};

/// Counts what the leader is told.
struct Leader final : roost::proxy::FetchLeader {
  void on_fetch_room() override { ++told; }
  int told = 0;
};

}  // namespace

TEST_CASE("a waiter gets head, body and end, coalesced, at a later turn") {
  EventLoop loop;
  FetchRef fetch = FetchRef::make();
  Reader reader(fetch);
  fetch->wait(reader, loop);
  loop.run_once(false);
  CHECK_EQ(reader.events, 0);
  fetch->publish_head(head_of());
  fetch->append("ab");
  CHECK_EQ(reader.events, 0);
  loop.run_once(false);
  CHECK_EQ(reader.events, 1);
  CHECK(reader.last.state == FetchState::streaming);
  REQUIRE(reader.last.head != nullptr);
  CHECK_EQ(roost::http::text_of(reader.last.head->fields), "X: y\r\n");
  CHECK_EQ(reader.body, "ab");
  fetch->append("c");
  fetch->append("d");
  CHECK_EQ(text_of(fetch->complete()), "abcd");
  loop.run_once(false);
  CHECK_EQ(reader.events, 2);
  CHECK(reader.last.state == FetchState::complete);
  CHECK_EQ(reader.body, "abcd");
}

TEST_CASE("who comes late gets all of it, never from inside wait()") {
  EventLoop loop;
  FetchRef fetch = FetchRef::make();
  const std::string body = pattern(50'000);
  const auto late = [&] {
    Reader reader(fetch);
    fetch->wait(reader, loop);
    CHECK_EQ(reader.events, 0);
    loop.run_once(false);
    CHECK_EQ(reader.events, 1);
    return reader.body;
  };
  fetch->publish_head(head_of());
  CHECK_EQ(late(), "");
  fetch->append(std::string_view(body).substr(0, 20'000));
  CHECK_EQ(late(), body.substr(0, 20'000));
  fetch->append(std::string_view(body).substr(20'000));
  CHECK_EQ(late(), body);
  fetch->complete();
  CHECK_EQ(late(), body);
}

TEST_CASE("bodies of all lengths, in pieces of all sizes, arrive as they were") {
  EventLoop loop;
  for (const size_t size : {0, 1, 100, 16'383, 16'384, 16'385, 32'768, 100'000}) {
    for (const size_t step : {1'000, 16'384, 65'536}) {
      for (const bool known : {false, true}) {
        CAPTURE(size);
        CAPTURE(step);
        CAPTURE(known);
        const std::string body = pattern(size);
        FetchRef fetch = FetchRef::make();
        Reader eager(fetch);
        Reader lazy(fetch);
        lazy.reads = false;
        fetch->wait(eager, loop);
        fetch->wait(lazy, loop);
        fetch->publish_head(known ? head_of_length(size) : head_of());
        for (size_t at = 0; at < size; at += step) {
          fetch->append(std::string_view(body).substr(at, step));
          loop.run_once(false);
        }
        const std::vector<BlockRef> blocks = fetch->complete();
        loop.run_once(false);
        lazy.read();
        CHECK(text_of(blocks) == body);
        CHECK(eager.body == body);
        CHECK(lazy.body == body);
        size_t held = 0;
        for (const BlockRef& block : blocks) held += block->capacity();
        if (known) CHECK_EQ(held, size);
      }
    }
  }
}

TEST_CASE("a whole block is shared, not copied") {
  FetchRef fetch = FetchRef::make();
  fetch->publish_head(head_of());
  fetch->append(pattern(2 * Fetch::kBlockBytes + 5));
  const std::vector<BlockRef> blocks = fetch->complete();
  Fetch::Cursor cursor;
  REQUIRE(fetch->begin_reading(cursor));
  std::vector<BlockRef> pieces;
  fetch->read(cursor, pieces, 10);
  REQUIRE_EQ(pieces.size(), 3);
  for (size_t i = 0; i < 3; ++i) CHECK_EQ(pieces[i].get(), blocks[i].get());
}

TEST_CASE("a piece does not grow under its reader") {
  FetchRef fetch = FetchRef::make();
  fetch->publish_head(head_of());
  fetch->append("ab");
  Fetch::Cursor cursor;
  REQUIRE(fetch->begin_reading(cursor));
  std::vector<BlockRef> pieces;
  fetch->read(cursor, pieces, 10);
  fetch->append("cd");
  fetch->read(cursor, pieces, 10);
  REQUIRE_EQ(pieces.size(), 2);
  CHECK_EQ(pieces[0]->view(), "ab");
  CHECK_EQ(pieces[1]->view(), "cd");
}

TEST_CASE("a reader takes as many pieces as it likes") {
  FetchRef fetch = FetchRef::make();
  const std::string body = pattern(5 * Fetch::kBlockBytes + 1);
  fetch->publish_head(head_of());
  fetch->append(body);
  fetch->complete();
  Fetch::Cursor cursor;
  REQUIRE(fetch->begin_reading(cursor));
  std::vector<BlockRef> pieces;
  for (int i = 0; i < 3; ++i) fetch->read(cursor, pieces, 2);
  CHECK_EQ(pieces.size(), 6);
  CHECK(text_of(pieces) == body);
}

TEST_CASE("every end reaches every waiter, before and behind the head") {
  EventLoop loop;
  for (const FetchState how :
       {FetchState::uncacheable, FetchState::abandoned, FetchState::failed, FetchState::truncated}) {
    for (const bool behind_head : {false, true}) {
      FetchRef fetch = FetchRef::make();
      Reader early(fetch);
      fetch->wait(early, loop);
      if (behind_head) fetch->publish_head(head_of());
      fetch->end(how, 504);
      fetch->end(FetchState::abandoned, 1);  // the first end counts
      Reader late(fetch);
      fetch->wait(late, loop);
      loop.run_once(false);
      for (const Reader* reader : {&early, &late}) {
        CHECK(reader->last.state == how);
        CHECK_EQ(reader->last.failed_status, 504);
        CHECK_EQ(reader->last.head != nullptr, behind_head);
      }
    }
  }
}

TEST_CASE("a waiter may leave at any time") {
  EventLoop loop;
  FetchRef fetch = FetchRef::make();
  Reader stays(fetch);
  fetch->wait(stays, loop);
  const auto leaver = [&] {
    auto reader = std::make_unique<Reader>(fetch);
    fetch->wait(*reader, loop);
    return reader;
  };
  leaver().reset();  // before the head
  auto before_event = leaver();
  auto in_time = leaver();
  CHECK(fetch->has_waiters());
  fetch->publish_head(head_of());
  before_event.reset();  // woken, but not told yet
  loop.run_once(false);
  CHECK_EQ(in_time->events, 1);
  fetch->leave(*in_time);
  fetch->leave(*in_time);
  fetch->append("x");
  in_time.reset();
  fetch->complete();
  auto behind_end = leaver();
  behind_end.reset();
  loop.run_once(false);
  CHECK_EQ(stays.body, "x");
  fetch->leave(stays);
  CHECK_FALSE(fetch->has_waiters());
  fetch->wait(stays, loop);  // and again
  loop.run_once(false);
  CHECK_EQ(stays.events, 3);
}

TEST_CASE("inside an event a waiter may destroy itself and others") {
  EventLoop loop;
  for (int victim = 0; victim < 4; ++victim) {
    CAPTURE(victim);
    FetchRef fetch = FetchRef::make();
    std::vector<std::unique_ptr<Reader>> readers;
    for (int i = 0; i < 4; ++i) {
      readers.push_back(std::make_unique<Reader>(fetch));
      fetch->wait(*readers.back(), loop);
    }
    readers[1]->then = [&] { readers[static_cast<size_t>(victim)].reset(); };
    fetch->publish_head(head_of());
    loop.run_once(false);
    fetch->append("x");
    fetch->complete();
    readers[1] ? readers[1]->then = nullptr : nullptr;
    loop.run_once(false);
    for (int i = 0; i < 4; ++i) {
      if (i != victim) CHECK_EQ(readers[static_cast<size_t>(i)]->body, "x");
    }
  }
}

TEST_CASE("inside an event a waiter may turn to another fetch") {
  EventLoop loop;
  FetchRef first = FetchRef::make();
  FetchRef second = FetchRef::make();
  second->publish_head(head_of());
  second->append("second");
  second->complete();
  Reader reader(first);
  reader.then = [&] {
    if (reader.fetch.get() == second.get()) return;
    first->leave(reader);
    reader.cursor.stop();
    reader.fetch = second;
    second->begin_reading(reader.cursor);
    second->wait(reader, loop);
    CHECK_EQ(reader.events, 1);
  };
  first->wait(reader, loop);
  first->end(FetchState::abandoned);
  loop.run_once(false);
  loop.run_once(false);
  CHECK_EQ(reader.events, 2);
  CHECK_EQ(reader.body, "second");
}

TEST_CASE("who may begin to read") {
  FetchRef fetch = FetchRef::make();
  CHECK(fetch->look().access == Fetch::Access::later);
  SUBCASE("a body of known length, at once") {
    fetch->publish_head(head_of_length(3));
    CHECK(fetch->look().access == Fetch::Access::open);
  }
  SUBCASE("one of unknown length when it is whole") {
    fetch->publish_head(head_of());
    fetch->append("abc");
    CHECK(fetch->look().access == Fetch::Access::later);
    fetch->complete();
    CHECK(fetch->look().access == Fetch::Access::open);
  }
  SUBCASE("one that is not kept: nobody any more") {
    fetch->publish_head(head_of_length(3));
    fetch->stop_keeping();
    CHECK(fetch->look().access == Fetch::Access::closed);
    CHECK_FALSE(Reader(fetch).may_read);
    fetch->append("abc");
    fetch->complete();
    CHECK(fetch->look().access == Fetch::Access::closed);
    CHECK_FALSE(Reader(fetch).may_read);
  }
}

TEST_CASE("of a body that is not kept, what all readers have is dropped, and nothing else") {
  constexpr uint64_t kBlock = Fetch::kBlockBytes;
  EventLoop loop;
  BlockAccount account;
  FetchRef fetch = FetchRef::make(0, &account);
  Reader eager(fetch);
  Reader slow(fetch);
  const std::string body = pattern(10 * kBlock + 100);
  fetch->publish_head(head_of());
  fetch->append(std::string_view(body).substr(0, 4 * kBlock));
  eager.read();
  CHECK_EQ(account.bytes(), 4 * (kBlock + sizeof(roost::Block)));
  fetch->stop_keeping();
  CHECK_EQ(account.bytes(), 4 * (kBlock + sizeof(roost::Block)));  // the slow one needs them
  slow.read();
  CHECK_EQ(account.bytes(), 0);
  for (size_t at = 4 * kBlock; at < body.size(); at += 10'000) {
    fetch->append(std::string_view(body).substr(at, 10'000));
    eager.read();
  }
  CHECK_EQ(account.bytes(), 7 * (kBlock + sizeof(roost::Block)));
  CHECK(fetch->complete().empty());
  slow.read();
  CHECK(slow.last.state == FetchState::complete);
  CHECK(slow.body == body);
  eager.read();
  CHECK(eager.body == body);
}

TEST_CASE("a leader waits for the slowest reader, and is told once") {
  constexpr uint64_t kWindow = 4 * Fetch::kBlockBytes;
  EventLoop loop;
  Leader leader;
  FetchRef fetch = FetchRef::make();
  fetch->lead(leader, loop);
  Reader eager(fetch);
  auto slow = std::make_unique<Reader>(fetch);
  fetch->publish_head(head_of());
  fetch->stop_keeping();
  fetch->append(pattern(kWindow - 1));
  CHECK(fetch->has_room(kWindow));
  fetch->append("x");
  eager.read();
  CHECK_FALSE(fetch->has_room(kWindow));
  loop.run_once(false);
  CHECK_EQ(leader.told, 0);
  SUBCASE("when that has come half way") {
    std::vector<BlockRef> pieces;
    fetch->read(slow->cursor, pieces, 1);
    loop.run_once(false);
    CHECK_EQ(leader.told, 0);
    fetch->read(slow->cursor, pieces, 1);
    CHECK_EQ(leader.told, 0);  // not from inside
    loop.run_once(false);
    CHECK_EQ(leader.told, 1);
    slow->read();
  }
  SUBCASE("when it knows the bytes already") {
    fetch->skip(slow->cursor, kWindow);
    loop.run_once(false);
    CHECK_EQ(leader.told, 1);
  }
  SUBCASE("when it leaves") {
    slow.reset();
    loop.run_once(false);
    CHECK_EQ(leader.told, 1);
  }
  SUBCASE("not behind the end") {
    slow.reset();
    fetch->end(FetchState::abandoned);
    loop.run_once(false);
    CHECK_EQ(leader.told, 0);
    return;
  }
  CHECK(fetch->has_room(kWindow));
  loop.run_once(false);
  CHECK_EQ(leader.told, 1);
}

TEST_CASE("a body that nobody reads never waits") {
  FetchRef fetch = FetchRef::make();
  fetch->publish_head(head_of());
  fetch->stop_keeping();
  for (int i = 0; i < 100; ++i) {
    fetch->append(pattern(50'000));
    CHECK(fetch->has_room(1));
  }
}

TEST_CASE("a stored body is shared block by block") {
  FetchRef old = FetchRef::make();
  const std::string body = pattern(3 * Fetch::kBlockBytes + 5);
  old->publish_head(head_of());
  old->append(body);
  const std::vector<BlockRef> stored = old->complete();
  FetchRef fetch = FetchRef::make();
  Reader reader(fetch);
  fetch->publish_head(head_of_length(body.size()));
  for (const BlockRef& block : stored) fetch->append_stored(roost::Slice(block));
  const std::vector<BlockRef> blocks = fetch->complete();
  REQUIRE_EQ(blocks.size(), 4);
  for (size_t i = 0; i < 3; ++i) CHECK_EQ(blocks[i].get(), stored[i].get());
  CHECK_NE(blocks[3].get(), stored[3].get());  // not full, so that it could grow
  reader.read();
  CHECK(reader.body == body);
}

TEST_CASE("a loop that ends with wake-ups queued, and waiters that outlive the leader, leak nothing") {
  FetchRef fetch = FetchRef::make();
  auto loop = std::make_unique<EventLoop>();
  auto reader = std::make_unique<Reader>(fetch);
  fetch->wait(*reader, *loop);
  fetch->publish_head(head_of());
  fetch = FetchRef();
  reader.reset();
  loop.reset();
}
