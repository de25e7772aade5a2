// How a fetch for the cache goes on, or ends, when its clients leave, its backend fails, or nobody needs the rest.

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/fetching/fetch_lab.h"

using namespace roost;
using namespace roost::proxy;
using State = CacheFetch::State;

namespace {

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n";

std::string head_of_length(size_t length) {
  return std::string(kHead) + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string chunk(size_t size) {
  std::string text = "5dc0\r\n" + std::string(size, 'x') + "\r\n";
  REQUIRE(size == 0x5dc0);
  return text;
}

}  // namespace

TEST_CASE("a backend that fails before its head") {
  FetchLab lab;
  FirstFake first;
  SUBCASE("at once, inside begin()") {
    lab.upstream.backend(0).set_addresses({});
    lab.begin(&first);
    CHECK_FALSE(lab.found);
    CHECK(first.failure.status == 503);
  }
  SUBCASE("later") {
    lab.begin(&first);
    WaiterFake waiter(lab.fetch, lab.upstream.loop());
    for (int i = 0; i < 8; ++i) lab.script().close();
    lab.upstream.run();
    CHECK(first.failure.status == 502);
    CHECK(waiter.last.state == FetchState::failed);
    CHECK(waiter.last.failed_status == 502);
  }
  CHECK(first.log == "failed ");
  CHECK_FALSE(first.stale);
  CHECK(lab.idle());
}

TEST_CASE("a backend that fails when something stale may serve") {
  FetchLab lab;
  lab.store(response(200, "stale", "Cache-Control: max-age=1, stale-if-error=60\r\n"));
  lab.upstream.advance_ms(2'000);
  FirstFake first;
  SUBCASE("by its status: the rest of that is read") {
    lab.script().answer("HTTP/1.1 503 No\r\nContent-Length: 6\r\n\r\nbus");
    CacheFetch& fetch = lab.begin(&first);
    WaiterFake waiter(lab.fetch, lab.upstream.loop());
    lab.upstream.run();
    CHECK(first.log == "failed ");
    CHECK(first.failure.status == 503);
    REQUIRE(first.stale);
    CHECK(first.stale->status() == 200);
    CHECK(waiter.last.state == FetchState::failed);
    CHECK(fetch.state() == State::draining);
    lab.script().last_connection().feed("y..");
    lab.upstream.run();
    CHECK(lab.upstream.connections(0).idle_count() == 1);
  }
  SUBCASE("without an answer") {
    for (int i = 0; i < 8; ++i) lab.script().close();
    lab.begin(&first);
    lab.upstream.run();
    CHECK(first.log == "failed ");
    CHECK(first.stale);
  }
  SUBCASE("but not for a request that wants none of it") {
    lab.script().answer(response(503, ""));
    lab.begin(&first, /*use_stored=*/false);
    lab.upstream.run();
    CHECK(first.log == "head end ");
    CHECK(first.status == 503);
  }
  SUBCASE("nor what is known to have changed") {
    lab.script().answer(response(503, ""));
    lab.begin(&first, true, /*revalidate=*/true);
    lab.upstream.run();
    CHECK(first.log == "head end ");
  }
  SUBCASE("nor for a refresh that brought nothing: it waits a while") {
    lab.script().answer(response(503, ""));
    lab.begin(nullptr);
    lab.upstream.run();
    CHECK_FALSE(lab.stored()->claim_refresh(lab.upstream.loop().now_ms()));
  }
  CHECK(lab.idle());
}

TEST_CASE("a body that breaks off") {
  FetchLab lab;
  FirstFake first;
  lab.begin(&first);
  WaiterFake waiter(lab.fetch, lab.upstream.loop());
  lab.script().answer_and_close(head_of_length(10) + "half");
  lab.upstream.run();
  CHECK(first.log == "head body failed ");
  CHECK(waiter.last.state == FetchState::truncated);
  CHECK(waiter.body == "half");
  CHECK(lab.stored_body() == "(none)");
  CHECK(lab.idle());
}

TEST_CASE("the first client leaves before the head") {
  FetchLab lab;
  FirstFake first;
  lab.script().hold();
  CacheFetch& fetch = lab.begin(&first);
  lab.upstream.run();
  SUBCASE("and nobody waits: the fetch is abandoned") {
    fetch.leave();
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("and another waits: it goes on") {
    WaiterFake waiter(lab.fetch, lab.upstream.loop());
    fetch.leave();
    lab.script().send(response(200, "body", kCacheable));
    lab.upstream.run();
    CHECK(waiter.body == "body");
    CHECK(lab.stored_body() == "body");
  }
  SUBCASE("then the other as well, and it is noticed when bytes come") {
    {
      WaiterFake waiter(lab.fetch, lab.upstream.loop());
      fetch.leave();
      waiter.fetch->leave(waiter);
    }
    lab.script().send(head_of_length(1'000'000 + FetchLab::kMaxObjectBytes));
    lab.upstream.run();
    CHECK(lab.stored_body() == "(none)");
  }
  CHECK(first.log == "");
  CHECK(lab.idle());
}

TEST_CASE("the first client leaves in the middle of the body") {
  FetchLab lab;
  FirstFake first;
  CacheFetch& fetch = lab.begin(&first);
  SUBCASE("and little is missing: it is finished for the cache") {
    lab.script().answer(head_of_length(8) + "half");
    lab.upstream.run();
    CHECK(fetch.state() == State::storing);
    fetch.leave();
    lab.script().last_connection().feed("half");
    lab.upstream.run();
    CHECK(lab.stored_body() == "halfhalf");
  }
  SUBCASE("and nobody knows how much is missing: the fetch is abandoned") {
    lab.script().answer(std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    lab.upstream.run();
    CHECK(fetch.state() == State::storing);
    fetch.leave();
    CHECK(lab.script().open_count() == 0);
    CHECK(lab.stored_body() == "(none)");
  }
  SUBCASE("nobody knows either, but another waits, and leaves: noticed when bytes come") {
    lab.script().answer(std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    lab.upstream.run();
    {
      WaiterFake waiter(lab.fetch, lab.upstream.loop());
      fetch.leave();
      CHECK(fetch.state() == State::storing);
    }
    lab.script().last_connection().feed("4\r\nmore\r\n");
    lab.upstream.run();
    CHECK(lab.script().open_count() == 0);
  }
  CHECK(lab.idle());
}

TEST_CASE("a first client that has its answer from the head leaves the body to the cache") {
  FetchLab lab;
  FirstFake first;
  first.release_at_head = true;
  lab.begin(&first);
  lab.script().answer(head_of_length(8) + "half");
  lab.upstream.run();
  lab.script().last_connection().feed("half");
  lab.upstream.run();
  CHECK(first.log == "head ");
  CHECK(lab.stored_body() == "halfhalf");
  CHECK(lab.idle());
}

TEST_CASE("a body that outgrows the cache is for those who wait") {
  FetchLab lab;
  FirstFake first;
  CacheFetch& fetch = lab.begin(&first);
  const FetchRef shared = lab.fetch;
  lab.script().answer(std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(24'000));
  SUBCASE("closed to newcomers, and stored nowhere") {
    lab.upstream.run();
    CHECK(fetch.state() == State::outgrown);
    CHECK(lab.fetches.size() == 0);
    lab.script().last_connection().feed("0\r\n\r\n");
    lab.upstream.run();
    CHECK(first.log.ends_with("end "));
    CHECK(first.body.size() == 24'000);
    CHECK(lab.stored_body() == "(none)");
  }
  SUBCASE("and ends with the last of them") {
    lab.upstream.run();
    fetch.leave();
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("or when it breaks off") {
    lab.upstream.run();
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(first.log.ends_with("failed "));
  }
  CHECK(lab.idle());
}

TEST_CASE("a body that outgrows the cache comes no faster than the slowest reader takes it") {
  FetchLab lab({1 << 20, FetchLab::kMaxObjectBytes, 1});  // too small for more than the least window
  FirstFake first;
  CacheFetch& fetch = lab.begin(&first);
  lab.script().answer(std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(24'000));
  auto waiter = std::make_unique<WaiterFake>(lab.fetch, lab.upstream.loop());
  const auto feed = [&] {
    lab.script().last_connection().feed(chunk(24'000));
    lab.upstream.run();
  };
  SUBCASE("the first client") {
    first.keeps_up = false;
    lab.upstream.run();
    feed();
    CHECK(lab.script().last_connection().reading());
    feed();  // 72,000 bytes behind
    CHECK_FALSE(lab.script().last_connection().reading());
    CHECK(waiter->body.size() == 72'000);
    first.keeps_up = true;
    first.read();
  }
  SUBCASE("another") {
    waiter->reads = false;
    lab.upstream.run();
    feed();
    feed();
    CHECK_FALSE(lab.script().last_connection().reading());
    fetch.resume();  // the first client takes bytes, which says nothing
    CHECK_FALSE(lab.script().last_connection().reading());
    waiter->reads = true;
    waiter->read();
  }
  SUBCASE("one that leaves") {
    waiter->reads = false;
    lab.upstream.run();
    feed();
    feed();
    waiter.reset();
  }
  lab.upstream.run();
  CHECK(lab.script().last_connection().reading());
  feed();
  lab.script().last_connection().feed("0\r\n\r\n");
  lab.upstream.run();
  CHECK(first.body.size() == 96'000);
  if (waiter) CHECK(waiter->body.size() == 96'000);
  waiter.reset();
  CHECK(lab.idle());
}

TEST_CASE("a paused fetch whose readers all leave ends") {
  FetchLab lab({1 << 20, FetchLab::kMaxObjectBytes, 1});
  FirstFake first;
  first.keeps_up = false;
  CacheFetch& fetch = lab.begin(&first);
  std::string bytes = std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i) bytes += chunk(24'000);
  lab.script().answer(bytes);
  lab.upstream.run();
  CHECK_FALSE(lab.script().last_connection().reading());
  first.cursor.stop();
  fetch.leave();
  lab.upstream.run();
  CHECK(lab.idle());
  CHECK(lab.script().open_count() == 0);
}

TEST_CASE("when there is no room in the budget") {
  FetchLab lab({1 << 20, 512 << 10, 1});
  std::vector<BlockRef> held;
  for (int i = 0; i < 31; ++i) held.push_back(BlockRef::make(16 * 1024, &lab.in_flight));
  FirstFake first;
  CacheFetch& fetch = lab.begin(&first);
  SUBCASE("a small body is kept all the same") {
    lab.script().answer(response(200, std::string(64 << 10, 'x'), kCacheable));
    lab.upstream.run();
    CHECK(lab.stored_body().size() == 64 << 10);
  }
  SUBCASE("a larger one goes to its readers and is not stored") {
    lab.script().answer(head_of_length(200'000) + std::string(100'000, 'x'));
    lab.upstream.run();
    CHECK(fetch.state() == State::outgrown);
    CHECK(lab.fetches.size() == 0);
    lab.script().last_connection().feed(std::string(100'000, 'x'));
    lab.upstream.run();
    CHECK(first.log.ends_with("end "));
    CHECK(lab.stored_body() == "(none)");
    CHECK(first.body.size() == 200'000);
  }
  SUBCASE("unless others give back theirs in time") {
    held.clear();
    lab.script().answer(response(200, std::string(200'000, 'x'), kCacheable));
    lab.upstream.run();
    CHECK(lab.stored_body().size() == 200'000);
  }
  CHECK(lab.idle());
}

TEST_CASE("the rest of a response that nobody needs") {
  FetchLab lab;
  constexpr std::string_view kNoStore = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n";
  SUBCASE("is read when it is short, so that the connection serves again") {
    lab.script().answer(std::string(kNoStore) + "Content-Length: 8\r\n\r\nhalf");
    CacheFetch& fetch = lab.begin(nullptr);
    lab.upstream.run();
    CHECK(fetch.state() == State::draining);
    lab.script().last_connection().feed("half");
    lab.upstream.run();
    CHECK(lab.upstream.connections(0).idle_count() == 1);
  }
  SUBCASE("is cut off when it is long") {
    lab.script().answer(std::string(kNoStore) + "Content-Length: 100000\r\n\r\n");
    lab.begin(nullptr);
    lab.upstream.run();
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("or turns out to be") {
    std::string bytes = std::string(kNoStore) + "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 3; ++i) bytes += chunk(24'000);
    lab.script().answer(bytes);
    lab.begin(nullptr);
    lab.upstream.run();
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("or takes long") {
    lab.script().answer(std::string(kNoStore) + "Content-Length: 8\r\n\r\nhalf");
    lab.begin(nullptr);
    lab.upstream.advance_ms(999);
    CHECK(lab.script().open_count() == 1);
    lab.upstream.advance_ms(1);
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("or breaks off") {
    lab.script().answer_and_close(std::string(kNoStore) + "Content-Length: 8\r\n\r\nhalf");
    lab.begin(nullptr);
    lab.upstream.run();
  }
  SUBCASE("of a client that has its answer already") {
    FirstFake first;
    first.release_at_body = true;
    lab.script().answer(std::string(kNoStore) + "Content-Length: 8\r\n\r\nhalf");
    CacheFetch& fetch = lab.begin(&first);
    lab.upstream.run();
    CHECK(fetch.state() == State::draining);
    lab.script().last_connection().feed("half");
    lab.upstream.run();
    CHECK(first.log == "head body ");
  }
  CHECK(lab.idle());
}
