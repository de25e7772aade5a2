// Clients that take their response too slowly, and those that only seem to.

#include "common/http/http1/send_pace.h"

#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "common/http/http1/server_connection.h"
#include "tests/common/http/http1/server_fixture.h"

namespace roost::http {
namespace {

using PaceVerdict = SendPace::Verdict;

constexpr SendLimits kSendLimits{20'000, {100, 5'000}};  // something each 20 s, 500 bytes each 5 s
constexpr SendLimits kNoRate{20'000, {}};
constexpr int64_t kFirst = SendPace::kFirstLookMs;

TEST_CASE("nothing is held before bytes wait, nor after the response was taken") {
  SendPace pace;
  CHECK_FALSE(pace.waiting());
  pace.pause(5);
  CHECK_FALSE(pace.paused());
  pace.begin(10);
  CHECK(pace.waiting());
  pace.pause(20);
  CHECK(pace.paused());
  CHECK_FALSE(pace.waiting());
  pace.reset();
  CHECK_FALSE(pace.paused());
}

TEST_CASE("the rate is judged from the first look on, at the end of each period, and exactly") {
  SendPace pace;
  CHECK_EQ(pace.next_look_ms(kSendLimits, 0, 9'000), kFirst);
  CHECK_EQ(pace.look(kSendLimits, kFirst, 9'000, 70), PaceVerdict::keeps_up);  // however little it was
  CHECK_EQ(pace.next_look_ms(kSendLimits, kFirst, 9'000), 5'000);
  SUBCASE("a byte too few") {
    CHECK_EQ(pace.look(kSendLimits, kFirst + 4'999, 9'000, 71), PaceVerdict::keeps_up);
    CHECK_EQ(pace.look(kSendLimits, kFirst + 5'000, 9'000, 70 + 499), PaceVerdict::too_slow);
  }
  SUBCASE("just enough, and no credit for the next period") {
    CHECK_EQ(pace.look(kSendLimits, kFirst + 5'000, 9'000, 70 + 5'000), PaceVerdict::keeps_up);
    CHECK_EQ(pace.next_look_ms(kSendLimits, kFirst + 5'000, 9'000), 5'000);
    CHECK_EQ(pace.look(kSendLimits, kFirst + 10'000, 9'000, 70 + 5'499), PaceVerdict::too_slow);
  }
}

TEST_CASE("what the kernel's buffer takes is not taken by the client") {
  SendPace pace;
  pace.next_look_ms(kSendLimits, 0, 9'000);
  pace.look(kSendLimits, kFirst, 9'000, 70);
  CHECK_EQ(pace.look(kSendLimits, kFirst + 5'000, 10, 70), PaceVerdict::too_slow);
  SendPace stalled;
  stalled.next_look_ms(kNoRate, 0, 9'000);
  stalled.look(kNoRate, kFirst, 9'000, 70);
  CHECK_EQ(stalled.next_look_ms(kNoRate, kFirst, 9'000), 20'000 - kFirst);
  CHECK_EQ(stalled.look(kNoRate, 19'999, 10, 70), PaceVerdict::keeps_up);
  CHECK_EQ(stalled.look(kNoRate, 20'000, 9, 70), PaceVerdict::stalled);
}

TEST_CASE("who takes from the kernel's buffer has not stalled, though nothing leaves the queue") {
  SendPace pace;
  pace.next_look_ms(kNoRate, 0, 9'000);
  pace.look(kNoRate, kFirst, 9'000, 70);
  CHECK_EQ(pace.look(kNoRate, 20'000, 9'000, 71), PaceVerdict::keeps_up);
  CHECK_EQ(pace.next_look_ms(kNoRate, 20'000, 9'000), 20'000);
  CHECK_EQ(pace.look(kNoRate, 39'999, 9'000, 71), PaceVerdict::keeps_up);
  CHECK_EQ(pace.look(kNoRate, 40'000, 9'000, 71), PaceVerdict::stalled);
}

TEST_CASE("where acknowledgements are not known the queue tells who has stalled, and no rate is judged") {
  SendPace pace;
  pace.next_look_ms(kSendLimits, 0, 9'000);
  pace.add(1'000);
  CHECK_EQ(pace.look(kSendLimits, kFirst, 10'000, std::nullopt), PaceVerdict::keeps_up);
  CHECK_EQ(pace.next_look_ms(kSendLimits, kFirst, 10'000), 20'000 - kFirst);  // and not every moment
  SUBCASE("a byte has left it") {
    CHECK_EQ(pace.look(kSendLimits, 20'000, 9'999, std::nullopt), PaceVerdict::keeps_up);
    CHECK_EQ(pace.look(kSendLimits, 40'000, 9'999, std::nullopt), PaceVerdict::stalled);
  }
  SUBCASE("what was added has not") {
    pace.add(500);
    CHECK_EQ(pace.look(kSendLimits, 20'000, 10'500, std::nullopt), PaceVerdict::stalled);
  }
}

TEST_CASE("a pause does not count, what is taken in it does") {
  SendPace pace;
  pace.next_look_ms(kSendLimits, 0, 9'000);
  pace.look(kSendLimits, kFirst, 9'000, 0);
  pace.pause(kFirst + 2'000);
  pace.pause(kFirst + 3'000);  // is one already
  CHECK_EQ(pace.next_look_ms(kSendLimits, 100'000 + kFirst, 9'000), 3'000);
  CHECK_EQ(pace.look(kSendLimits, 102'999 + kFirst, 9'000, 0), PaceVerdict::keeps_up);
  SUBCASE("too slow") {
    CHECK_EQ(pace.look(kSendLimits, 103'000 + kFirst, 9'000, 499), PaceVerdict::too_slow);
  }
  SUBCASE("fast enough") {
    CHECK_EQ(pace.look(kSendLimits, 103'000 + kFirst, 9'000, 500), PaceVerdict::keeps_up);
  }
}

TEST_CASE("a queue that has emptied unnoticed begins anew") {
  SendPace pace;
  pace.next_look_ms(kSendLimits, 0, 9'000);
  pace.look(kSendLimits, kFirst, 9'000, 0);
  pace.begin(60'000);
  CHECK_EQ(pace.next_look_ms(kSendLimits, 60'000, 9'000), kFirst);
  CHECK_EQ(pace.look(kSendLimits, 60'000 + kFirst, 9'000, 1), PaceVerdict::keeps_up);
  CHECK_EQ(pace.look(kSendLimits, 64'999 + kFirst, 9'000, 1), PaceVerdict::keeps_up);
  CHECK_EQ(pace.look(kSendLimits, 65'000 + kFirst, 9'000, 1), PaceVerdict::too_slow);
}

// ---- on a connection ------------------------------------------------------------------------------------------------

const std::string kSimpleGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kBig(300 * 1024, 'x');

/// A client that takes what take() says, of a response whose pieces the test sends.
class SlowReader {
 public:
  explicit SlowReader(std::string_view request = kSimpleGet) : f(limits()) {
    f.answer_ = ServerFixture::Answer::never;
    f.memory_.feed(request);
    f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()});
    f.memory_.block_writes();
  }
  void send(std::string_view body = kBig) {
    const Slice piece(body);
    f.responder_->send_body({&piece, 1});
  }
  bool was_cut() { return f.closed() && f.gone_ == "the client takes its answer too slowly"; }

  static ServerLimits limits() {
    ServerLimits limits;
    limits.send = kSendLimits;
    return limits;
  }
  ServerFixture f;
};

TEST_CASE("a client that takes its response too slowly is reset") {
  SlowReader c;
  c.send();
  c.f.advance_ms(kFirst);
  for (int period = 0; period < 3; ++period) {
    c.f.memory_.take(500);
    c.f.advance_ms(5'000);
    REQUIRE_FALSE(c.f.closed());
  }
  c.f.memory_.take(499);
  c.f.advance_ms(4'999);
  CHECK_FALSE(c.f.closed());
  c.f.advance_ms(1);
  CHECK(c.was_cut());
  CHECK(c.f.memory_.was_reset());
}

TEST_CASE("a slow backend is not the client's fault") {
  SlowReader c;
  for (int i = 0; i < 20; ++i) {
    c.send();
    c.f.advance_ms(kFirst);
    c.f.memory_.take(kBig.size() + 100);
    c.f.advance_ms(600'000);
    REQUIRE_FALSE(c.f.closed());
  }
  c.f.memory_.block_writes();
  c.send();
  c.f.advance_ms(4'999);
  CHECK_FALSE(c.f.closed());
  c.f.advance_ms(kFirst + 5'000);
  CHECK(c.was_cut());
}

TEST_CASE("a backend whose pieces never fill the queue is not either") {
  SlowReader c;
  c.f.memory_.hold_drained(true);  // as a stream does below the high watermark
  for (int i = 0; i < 20; ++i) {
    c.send("piece");
    c.f.advance_ms(kFirst);
    c.f.memory_.take(100);
    c.f.advance_ms(4'500);  // less than a period, so that no look comes between
    REQUIRE_FALSE(c.f.closed());
  }
}

TEST_CASE("who is slow over many short waits is found") {
  SlowReader c;
  c.f.advance_ms(0);
  int seconds = 0;
  for (; seconds < 20 && !c.f.closed(); ++seconds) {
    c.send(std::string(80, 'y'));
    c.f.advance_ms(1'000);
    if (!c.f.closed()) c.f.memory_.take(1'000);  // all of it, so that the backend may go on
  }
  CHECK(c.was_cut());
  CHECK_EQ(seconds, 6);
}

TEST_CASE("what a client sends gives it no more time to take its response") {
  SlowReader c("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  c.send();
  for (int i = 0; i < 5 && !c.f.closed(); ++i) {
    c.f.memory_.feed("x");
    c.f.advance_ms(i == 0 ? kFirst : 1'000);
  }
  CHECK_FALSE(c.f.closed());
  c.f.memory_.feed("x");
  c.f.advance_ms(1'000);
  CHECK(c.was_cut());
}

TEST_CASE("a whole response that waits is judged too, and the connection behind it is not") {
  ServerFixture f(SlowReader::limits());
  f.answer_ = ServerFixture::Answer::never;
  f.memory_.feed(kSimpleGet);
  f.memory_.block_writes();
  f.reply(kBig);
  SUBCASE("too slow") {
    f.advance_ms(kFirst);
    f.advance_ms(5'000);
    CHECK(f.closed());
  }
  SUBCASE("taken") {
    f.advance_ms(kFirst);
    f.memory_.drain();
    f.advance_ms(59'000);
    CHECK_FALSE(f.closed());
  }
}

}  // namespace
}  // namespace roost::http
