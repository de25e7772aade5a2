// Each allocation of a scenario fails once: a request is answered in full, with 503, or its connection is closed; all
// that was taken is given back, and what comes next is right.

#include <deque>
#include <string>

#include <doctest/doctest.h>

#include "common/base/memory_reserve.h"
#include "tests/proxy/exchange/front_lab.h"
#include "tests/support/failing_new.h"
#include "tests/support/memory_stream.h"

using namespace roost;
using namespace roost::proxy;
namespace failing = roost::failing_memory;

namespace {

constexpr std::string_view kKept = "ETag: \"e\"\r\nCache-Control: max-age=60, stale-while-revalidate=60\r\n";

/// A front whose clients are connections in memory.
class WireLab : public FrontLab {
 public:
  /// A new connection that sends a request.
  net::MemoryStream& ask(std::string_view request) {
    net::MemoryStream& stream = connect();
    stream.feed(request);
    return stream;
  }
  net::MemoryStream& get(std::string_view target) {
    const failing::Calm calm;
    const std::string request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    return ask(request);
  }
  net::MemoryStream& connect() {
    const failing::Calm calm;
    net::MemoryStream& stream = streams.emplace_back();
    net::StreamPtr attached = stream.attach();
    const failing::Tested tested;
    run_refusable([&] { server.adopt(std::move(attached)); }, [] {});
    return stream;
  }
  void run() { upstream.run(); }

  std::deque<net::MemoryStream> streams;
  http::Server server{upstream.loop(), {}, front};
};

std::string big_body() {
  std::string body(18'000, 'x');
  body.back() = 'e';
  return body;
}

/// A whole answer of this status with this body; 503; or a connection that was closed before the answer was whole.
bool is_answer(net::MemoryStream& stream, std::string_view body) {
  const std::string& sent = stream.sent();
  if (sent.starts_with("HTTP/1.1 200") && sent.ends_with(body)) return true;
  if (sent.starts_with("HTTP/1.1 503") && sent.find('}') != std::string::npos) return true;
  return stream.closed() || stream.shut_down();
}

void check_afterwards(WireLab& lab) {
  REQUIRE(MemoryReserve::refill());
  lab.upstream.advance_ms(200);  // whatever was put off
  lab.run();
  CHECK(lab.idle());
  CHECK_EQ(lab.upstream.backend(0).active(), 0);
  CHECK_EQ(lab.upstream.connections(0).busy_count(), 0);
  CHECK_EQ(lab.runtime.in_flight.bytes(), 0);
  lab.script().clear().answer(response(200, "next", kKept));
  net::MemoryStream& miss = lab.get("/next");
  lab.run();
  CHECK(miss.sent().ends_with("next"));
  CHECK(lab.get("/next").sent().find("roost; hit") != std::string::npos);
  net::MemoryStream& pass = lab.ask("POST /uncached HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  lab.run();
  CHECK(pass.sent().starts_with("HTTP/1.1 200"));
  CHECK_EQ(lab.script().requests().back().body, "body");
}

/// `scenario(lab)` with its first allocation failing, its second, and so on; `check(lab)` behind each.
template <class Prepare, class Scenario, class Check>
void fail_each_allocation(Prepare prepare, Scenario scenario, Check check) {
  const MemoryReserve reserve(MemoryReserve::kKept);
  int64_t refused = 0;
  bool failed = true;
  bool again = false;  // for what is made once in the life of the process
  for (int64_t number = 1; failed; number += again ? 0 : 1) {
    CAPTURE(number);
    const int64_t living_before = failing::living;
    {
      WireLab lab;
      prepare(lab);
      const uint64_t refusals_before = MemoryReserve::refusals();
      failing::arm(number);
      scenario(lab);
      failed = failing::disarm();
      refused += MemoryReserve::refusals() > refusals_before ? 1 : 0;
      check(lab);
      check_afterwards(lab);
    }
    const int64_t leaked = failing::living - living_before;
    again = leaked != 0 && !again;
    if (!again) CHECK_EQ(leaked, 0);
    REQUIRE(MemoryReserve::refill());
    REQUIRE(number < 5'000);
  }
  CHECK_GT(refused, 0);
}

}  // namespace

TEST_CASE("no allocation that fails ends the process: a miss that is stored, and hits") {
  fail_each_allocation([](WireLab& lab) { lab.script().otherwise = response(200, big_body(), kKept); },
                       [](WireLab& lab) {
                         lab.get("/a");
                         lab.run();
                         lab.get("/a");
                         lab.run();
                       },
                       [](WireLab& lab) {
                         for (net::MemoryStream& stream : lab.streams) CHECK(is_answer(stream, big_body()));
                       });
}

TEST_CASE("no allocation that fails ends the process: a request with a body that is passed on") {
  fail_each_allocation(
      [](WireLab& lab) {
        lab.script().answer(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\nbody\r\n0\r\n\r\n");
      },
      [](WireLab& lab) {
        net::MemoryStream& client =
            lab.ask("POST /uncached HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        lab.run();
        client.feed("2\r\nde\r\n0\r\n\r\n");
        lab.run();
      },
      [](WireLab& lab) { CHECK(is_answer(lab.streams.front(), "4\r\nbody\r\n0\r\n\r\n")); });
}

TEST_CASE("no allocation that fails ends the process: a fetch that several wait for, in pieces") {
  fail_each_allocation([](WireLab& lab) { lab.script().hold(); },
                       [](WireLab& lab) {
                         for (int i = 0; i < 3; ++i) lab.get("/a");
                         lab.run();
                         if (lab.script().requests().empty()) return;
                         const std::string whole = response(200, big_body(), kKept);
                         lab.script().send(whole.substr(0, 5'000));
                         lab.run();
                         lab.script().send(whole.substr(5'000));
                         lab.run();
                       },
                       [](WireLab& lab) {
                         lab.run();
                         lab.upstream.advance_ms(200'000);  // those whose backend was not asked
                         for (net::MemoryStream& stream : lab.streams) CHECK(is_answer(stream, big_body()));
                       });
}

TEST_CASE("no allocation that fails ends the process: a refresh in the background, and a purge of what changed") {
  fail_each_allocation(
      [](WireLab& lab) {
        lab.script().answer(response(200, "old", kKept)).otherwise = response(200, "new", kKept);
        lab.get("/a");
        lab.run();
        lab.upstream.advance_ms(61'000);
      },
      [](WireLab& lab) {
        lab.get("/a");
        lab.run();
        lab.ask("DELETE /a HTTP/1.1\r\nHost: h\r\n\r\n");
        lab.run();
      },
      [](WireLab& lab) {
        CHECK(is_answer(lab.streams.at(1), "old"));
        CHECK(is_answer(lab.streams.at(2), "new"));
      });
}

TEST_CASE("when memory is low the store gives way before a request is refused") {
  WireLab lab;
  lab.script().answer(response(200, "body", kKept));
  lab.get("/a");
  lab.run();
  const MemoryReserve reserve;
  std::get_new_handler()();
  REQUIRE(MemoryReserve::is_low());
  CHECK(lab.get("/a").sent().find("roost; hit") != std::string::npos);
  CHECK(MemoryReserve::is_low());  // a hit needs no memory
  net::MemoryStream& miss = lab.get("/b");
  lab.run();
  CHECK(miss.sent().starts_with("HTTP/1.1 200"));
  CHECK_FALSE(MemoryReserve::is_low());
}
