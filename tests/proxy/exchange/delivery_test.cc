#include "proxy/exchange/delivery.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/net/event_loop.h"
#include "tests/support/aborts.h"
#include "tests/support/driven_loop.h"
#include "tests/support/fake_responder.h"
#include "tests/support/moves.h"

using namespace roost;
using namespace roost::proxy;
using http::BodyLength;
using http::FakeResponder;
using State = Delivery::State;
using Followed = Delivery::Followed;

namespace {

/// A delivery to one client, and a fetch to follow.
struct Client final : private DeliveryOwner {
  Client() { delivery.begin(responder); }
  /// A head of `status` and length, on its way.
  void ready(BodyLength length = BodyLength::unknown(), bool head_only = false) {
    fields.add("A", "1");
    delivery.more_fields().add("B", "2");
    delivery.set_head({200, length, fields, head_only});
  }
  /// The fetch has its head; of known length, unless that is 0.
  void publish(uint64_t length = 0) {
    FetchedHead head;
    head.length_known = length > 0;
    head.length = length;
    fetch->publish_head(head);
    REQUIRE(delivery.read_from(fetch));
    ready(length > 0 ? BodyLength::known(length) : BodyLength::unknown());
  }
  std::string log() { return responder.take_log(); }
  void on_delivered(const Delivered& how) override { delivered.push_back(how); }

  net::DrivenLoop time;
  FakeResponder responder;
  std::vector<Delivered> delivered;
  Delivery delivery{time.loop().timers(), *this};
  http::FieldBlock fields;
  FetchRef fetch = FetchRef::make();
};

}  // namespace

TEST_CASE("the moves of a delivery") {
  CHECK(moves_are<Delivery>(State::sending, {{State::idle, State::waiting},
                                             {State::waiting, State::ready},
                                             {State::waiting, State::idle},
                                             {State::ready, State::sending},
                                             {State::ready, State::idle},
                                             {State::sending, State::idle}}));
}

TEST_CASE("a body that comes whole goes out in one call with its head") {
  Client c;
  CHECK(c.delivery.state() == State::waiting);
  c.ready(BodyLength::known(5));
  CHECK(c.delivery.state() == State::ready);
  c.delivery.flush_soon();
  c.delivery.send_body("hello");
  CHECK(c.delivery.state() == State::idle);
  CHECK(c.log() == "respond ");
  CHECK(c.responder.status() == 200);
  CHECK(c.responder.body() == "hello");
  CHECK(c.responder.field("A") == "1");
  CHECK(c.responder.field("B") == "2");
  REQUIRE(c.delivered.size() == 1);
  CHECK(c.delivered[0].status == 200);
  CHECK(c.delivered[0].ending == Ending::complete);
  CHECK(c.delivered[0].bytes == c.responder.body_bytes_sent());
  c.time.advance_ms(1);  // no head is flushed any more
  CHECK(c.log() == "");
}

TEST_CASE("a body in pieces") {
  Client c;
  c.ready(BodyLength::known(5));
  c.delivery.send_body("he");
  CHECK(c.delivery.state() == State::sending);
  CHECK(c.delivery.head_sent());
  c.delivery.send_body("llo");
  CHECK(c.log() == "head+body body ");
  CHECK(c.delivered.empty());
  c.delivery.end();
  CHECK(c.log() == "end ");
  CHECK(c.delivered.size() == 1);
}

TEST_CASE("a head whose body is late goes out alone at the next turn") {
  Client c;
  c.ready();
  c.delivery.flush_soon();
  CHECK(c.log() == "");
  c.time.advance_ms(0);
  CHECK(c.log() == "head ");
  CHECK(c.delivery.state() == State::sending);
  c.delivery.flush();  // once only
  c.delivery.send_body("x");
  CHECK(c.log() == "body ");
}

TEST_CASE("flushing without a head does nothing") {
  Client c;
  c.delivery.flush_soon();
  c.time.advance_ms(0);
  CHECK(c.log() == "");
  CHECK(c.delivery.state() == State::waiting);
}

TEST_CASE("an answer without a body") {
  Client c;
  SUBCASE("of length 0") {
    c.ready(BodyLength::known(0));
    c.delivery.end();
    CHECK(c.log() == "respond ");
    CHECK(c.responder.length().bytes == 0);
  }
  SUBCASE("to a HEAD, with the length of the body it does not have") {
    c.ready(BodyLength::known(500), /*head_only=*/true);
    c.delivery.end();
    CHECK(c.log() == "respond ");
    CHECK(c.responder.length().bytes == 500);
  }
  SUBCASE("to a HEAD, of unknown length: respond() would announce 0") {
    c.ready(BodyLength::unknown(), /*head_only=*/true);
    c.delivery.end();
    CHECK(c.log() == "head end ");
  }
  SUBCASE("not modified") {
    c.ready(BodyLength::known(5));
    c.delivery.respond_not_modified();
    CHECK(c.log() == "respond ");
    CHECK(c.responder.status() == 304);
    CHECK(c.responder.field("A") == "1");
    CHECK(c.delivered.at(0).status == 304);
  }
  CHECK(c.delivered.size() == 1);
}

TEST_CASE("a whole answer in place of the one under way") {
  Client c;
  const Slice body(std::string_view("stored"));
  SUBCASE("before a head is known") {}
  SUBCASE("before it is sent") {
    c.ready();
    c.delivery.flush_soon();
  }
  SUBCASE("not behind it") {
    c.ready();
    c.delivery.flush();
    CHECK(aborts([&] { c.delivery.respond({203, {}, {}, {}}, {&body, 1}); }));
    CHECK(aborts([&] { c.delivery.respond_problem({502, "no", {}, {}}, {}); }));
    return;
  }
  SUBCASE("a problem") {
    c.delivery.respond_problem({502, "no answer", {}, {}}, {});
    CHECK(c.responder.body().find("no answer") != std::string::npos);
    CHECK(c.delivered.at(0).status == 502);
    return;
  }
  c.delivery.respond({203, {}, {}, {}}, {&body, 1});
  CHECK(c.log() == "respond ");
  CHECK(c.responder.body() == "stored");
  CHECK(c.delivered.at(0).status == 203);
  c.time.advance_ms(1);
  CHECK(c.log() == "");
}

TEST_CASE("the client goes, in each state") {
  Client c;
  int status = 0;
  SUBCASE("waiting") {}
  SUBCASE("ready") {
    c.ready();
    c.delivery.flush_soon();
    status = 200;
  }
  SUBCASE("sending") {
    c.ready();
    c.delivery.flush();
    status = 200;
  }
  c.log();
  c.delivery.client_gone();
  CHECK(c.delivery.state() == State::idle);
  REQUIRE(c.delivered.size() == 1);
  CHECK(c.delivered[0].ending == Ending::client_gone);
  CHECK(c.delivered[0].status == status);
  CHECK(c.delivered[0].bytes == 0);
  c.time.advance_ms(1);
  CHECK(c.log() == "");  // it is not spoken to any more
  c.delivery.pause_request();
  c.delivery.resume_request();
  CHECK(c.log() == "");
  CHECK(aborts([&] { c.delivery.client_gone(); }));
}

TEST_CASE("an answer that breaks off") {
  Client c;
  c.ready(BodyLength::known(5));
  c.delivery.send_body("he");
  c.delivery.abort();
  CHECK(c.log() == "head+body abort ");
  CHECK(c.delivered.at(0).ending == Ending::broken_off);
}

TEST_CASE("one delivery serves one client after the other, and one at a time") {
  Client c;
  CHECK(aborts([&] { c.delivery.begin(c.responder); }));
  c.ready(BodyLength::known(1));
  c.responder.block();
  c.delivery.flush();
  CHECK_FALSE(c.delivery.writable());
  c.delivery.end();
  FakeResponder next;
  c.delivery.begin(next);
  CHECK(c.delivery.writable());
  c.delivery.set_head({204, BodyLength::none(), {}});
  c.delivery.end();
  CHECK(next.status() == 204);
  CHECK(next.field("B") == "(none)");  // the other answer's
  CHECK(c.delivered.size() == 2);
}

TEST_CASE("no second head") {
  Client c;
  c.ready();
  CHECK(aborts([&] { c.delivery.set_head({}); }));
  c.delivery.flush();
  CHECK(aborts([&] { c.delivery.set_head({}); }));
}

TEST_CASE("back-pressure on the request is the responder's") {
  Client c;
  c.delivery.pause_request();
  c.delivery.resume_request();
  CHECK(c.log() == "pause resume ");
}

TEST_CASE("following a fetch as it comes") {
  Client c;
  c.publish();
  CHECK(c.delivery.follow() == Followed::more);  // nothing yet, so that the head goes out
  CHECK(c.log() == "head ");
  c.fetch->append("one");
  c.fetch->append("two");
  CHECK(c.delivery.follow() == Followed::more);
  CHECK(c.responder.body() == "onetwo");
  c.fetch->complete();
  CHECK(c.delivery.follow() == Followed::ended);
  CHECK(c.log() == "body end ");
  CHECK(c.delivered.at(0).ending == Ending::complete);
}

TEST_CASE("a fetch that is complete goes out in one call when its length is known") {
  Client c;
  c.publish(40'000);
  c.fetch->append(std::string(40'000, 'x'));
  c.fetch->complete();
  CHECK(c.delivery.follow() == Followed::ended);
  CHECK(c.log() == "respond ");
  CHECK(c.responder.body().size() == 40'000);
}

TEST_CASE("more blocks than one read takes") {
  Client c;
  c.publish(600'000);
  c.fetch->append(std::string(600'000, 'x'));
  c.fetch->complete();
  CHECK(c.delivery.follow() == Followed::ended);
  CHECK(c.responder.body().size() == 600'000);
  CHECK(c.log() == "head+body body body body body body body body body body end ");
}

TEST_CASE("a client that takes no more is followed up later, from where it is") {
  Client c;
  c.publish();
  c.responder.block();
  c.fetch->append("one");
  CHECK(c.delivery.follow() == Followed::more);
  CHECK(c.delivery.keeps_up(3) == false);  // it does not take bytes
  c.fetch->append("two");
  c.fetch->complete();
  CHECK(c.delivery.follow() == Followed::more);
  CHECK(c.responder.body() == "one");
  c.delivery.client_writable();
  CHECK(c.delivery.keeps_up(3));
  CHECK_FALSE(c.delivery.keeps_up(6));
  CHECK(c.delivery.follow() == Followed::more);  // blocked again behind these
  CHECK(c.responder.body() == "onetwo");
  c.delivery.client_writable();
  CHECK(c.delivery.follow() == Followed::ended);
}

TEST_CASE("bytes sent past the fetch count as read") {
  Client c;
  c.publish();
  c.fetch->append("one");
  c.delivery.send_shared("one");
  CHECK(c.delivery.keeps_up(3));
  c.fetch->append("two");
  c.fetch->complete();
  CHECK(c.delivery.follow() == Followed::ended);
  CHECK(c.responder.body() == "onetwo");
}

TEST_CASE("a fetch that breaks off is reported: the owner knows what to say") {
  Client c;
  c.publish();
  c.fetch->append("one");
  c.fetch->end(FetchState::truncated);
  CHECK(c.delivery.follow() == Followed::broken);
  CHECK(c.responder.body() == "one");
  CHECK(c.delivered.empty());
}

TEST_CASE("a client far behind a body that is not kept gets all of it") {
  Client c;
  c.publish();
  c.responder.block();
  c.fetch->append("x");
  c.delivery.follow();
  c.fetch->stop_keeping();
  c.fetch->append(std::string(300'000, 'x'));
  CHECK_FALSE(c.fetch->has_room(300'000));
  c.fetch->complete();
  while (c.delivery.active()) {
    c.delivery.client_writable();
    c.delivery.follow();
  }
  CHECK(c.responder.body().size() == 300'001);
  CHECK(c.delivered.at(0).ending == Ending::complete);
}

TEST_CASE("a client that has its answer, or has gone, holds no bytes") {
  Client c;
  c.publish();
  c.fetch->append(std::string(300'000, 'x'));
  c.fetch->stop_keeping();
  CHECK_FALSE(c.fetch->has_room(1));
  SUBCASE("gone") {
    c.delivery.client_gone();
  }
  SUBCASE("broken off") {
    c.delivery.abort();
  }
  SUBCASE("answered otherwise") {
    c.delivery.respond_problem({502, "no", {}, {}}, {});
  }
  CHECK(c.fetch->has_room(1));
}

TEST_CASE("a body that is not kept any more may not be begun") {
  Client c;
  c.fetch->publish_head({});
  c.fetch->stop_keeping();
  CHECK_FALSE(c.delivery.read_from(c.fetch));
  c.ready();
  c.delivery.send_body("its own");
  CHECK(c.log() == "head+body ");
}
