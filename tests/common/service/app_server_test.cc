#include "common/service/app_server.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost;
using namespace roost::service;

namespace {

/// Stands for a connection: keeps what was answered.
class ScriptedResponder final : public http::Responder {
 public:
  bool attach(http::RequestReceiver* to) override {
    receiver = to;
    return true;
  }
  void respond(const http::ResponseStart& start, std::span<const Slice> body) override {
    ++responses;
    status = start.status;
    fields = http::text_of(start.fields) + http::text_of(start.more_fields);
    text = body.empty() ? "" : std::string(body[0].view());
  }
  bool send_head(const http::ResponseStart&, std::span<const Slice>) override { return true; }
  bool send_body(std::span<const Slice>) override { return true; }
  void end(http::FieldBlockView) override {}
  void abort() override {}
  void pause_body() override {}
  void resume_body() override {}
  const net::Address& client() const override { return address; }
  uint64_t body_bytes_sent() const override { return 0; }

  http::RequestReceiver* receiver = nullptr;
  net::Address address;
  int responses = 0;
  int status = 0;
  std::string fields;
  std::string text;
};

/// Remembers what it was told.
class Recorder final : public CallObserver {
 public:
  void on_call(const Request& request, int status, int64_t, int64_t duration_us) override {
    calls.push_back(request.path + " " + std::to_string(status));
    longest_us = std::max(longest_us, duration_us);
  }
  void on_refused(int status) override { refusals.push_back(status); }

  std::vector<std::string> calls;
  std::vector<int> refusals;
  int64_t longest_us = -1;
};

class Stamp final : public AnswerDecorator {
 public:
  void add_fields(const Request& request, const Answer& answer, http::FieldBlock& fields) override {
    fields.add("X-Stamp", request.path + " " + std::to_string(answer.status));
  }
};

class Refuser final : public RequestGuard {
 public:
  std::optional<Answer> refuse(const Request& request) const override {
    return request.path == "/now" ? std::optional(problem(403, "Not now.")) : std::nullopt;
  }
};

struct Fixture {
  net::EventLoop loop;
  Router router;
  Recorder recorder;
  Stamp stamp;
  std::optional<Reply> kept;
  std::optional<AppServer> server;
  ScriptedResponder responder;

  Fixture() {
    router.add(http::Method::get, "/now", [](Request&, Reply reply) { reply.send(uncached_json(200, "now")); });
    router.add(http::Method::post, "/echo",
               [](Request& request, Reply reply) { reply.send(uncached_json(200, request.body)); });
    router.add(http::Method::get, "/later", [this](Request&, Reply reply) { kept.emplace(std::move(reply)); });
    router.add(http::Method::get, "/never", [](Request&, Reply) {});
    router.add(http::Method::get, "/nothing", [](Request&, Reply reply) { reply.send(uncached_json(204, "")); });
    server.emplace(loop, router, http::ServerLimits{});
    server->add_observer(recorder);
    server->add_decorator(stamp);
  }
  ~Fixture() {
    server.reset();
    kept.reset();
  }
  void ask(http::Method method, std::string_view path, bool end = true) {
    http::RequestHead head;
    head.method = method;
    head.method_text = "METHOD";
    head.path = head.target = path;
    server->on_request(responder, head);
    if (end) responder.receiver->on_request_end();
  }
};

}  // namespace

TEST_CASE("an answer at once") {
  Fixture f;
  f.ask(http::Method::get, "/now");
  CHECK(f.responder.status == 200);
  CHECK(f.responder.text == "now");
  CHECK(f.responder.fields.find("Date: ") != std::string::npos);
  CHECK(f.responder.fields.find("X-Request-Id: ") != std::string::npos);
  CHECK(f.responder.fields.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(f.server->active() == 0);
}

TEST_CASE("what a guard refuses reaches no action, and is observed and decorated like any other answer") {
  Fixture f;
  const Refuser refuser;
  f.server->add_guard(refuser);
  f.ask(http::Method::get, "/now");
  CHECK(f.responder.status == 403);
  CHECK(f.responder.text.find("Not now.") != std::string::npos);
  CHECK(f.responder.fields.find("X-Stamp: /now 403\r\n") != std::string::npos);
  CHECK(f.recorder.calls == std::vector<std::string>{"/now 403"});
  f.ask(http::Method::get, "/nothing");
  CHECK(f.responder.status == 204);
}

TEST_CASE("a body arrives in pieces") {
  Fixture f;
  f.ask(http::Method::post, "/echo", false);
  f.responder.receiver->on_request_body("hello ");
  f.responder.receiver->on_request_body("you");
  CHECK(f.responder.responses == 0);
  f.responder.receiver->on_request_end();
  CHECK(f.responder.text == "hello you");
}

TEST_CASE("an answer later, and one whose client is gone") {
  Fixture f;
  f.ask(http::Method::get, "/later");
  CHECK(f.server->active() == 1);
  f.kept->send(uncached_json(200, "late"));
  CHECK(f.responder.text == "late");
  CHECK(f.server->active() == 0);
  f.kept.reset();
  f.loop.run_once(false);

  f.ask(http::Method::get, "/later");
  f.responder.receiver->on_client_gone(Error{});
  CHECK(f.server->active() == 1);  // the action goes on
  f.kept->send(uncached_json(200, "too late"));
  CHECK(f.responder.responses == 1);
  CHECK(f.server->active() == 0);
}

TEST_CASE("a client that leaves before its request is complete") {
  Fixture f;
  f.ask(http::Method::post, "/echo", false);
  f.responder.receiver->on_client_gone(Error{});
  f.loop.run_once(false);
  CHECK(f.server->active() == 0);
  CHECK(f.responder.responses == 0);
}

TEST_CASE("a reply that is dropped answers 500") {
  Fixture f;
  f.ask(http::Method::get, "/never");
  CHECK(f.responder.status == 500);
}

TEST_CASE("replies outlive the server") {
  Fixture f;
  f.ask(http::Method::get, "/later");
  ScriptedResponder reading;
  http::RequestHead head;
  head.path = "/echo";
  f.server->on_request(reading, head);
  f.server.reset();
  f.kept->send(uncached_json(200, "nobody hears"));
  CHECK(f.responder.responses == 0);
}

TEST_CASE("observers see every call, also those whose client is gone, and refusals") {
  Fixture f;
  f.ask(http::Method::get, "/now");
  f.ask(http::Method::get, "/unknown");
  f.ask(http::Method::get, "/later");
  f.responder.receiver->on_client_gone(Error{});
  f.kept->send(uncached_json(200, "too late"));
  f.server->on_refused(f.responder, {.status = 431, .why = "the head is over the limit"});
  CHECK(f.responder.status == 431);
  CHECK(f.responder.fields.find("X-Request-Id: ") != std::string::npos);
  CHECK(f.responder.text.find("the head is over the limit") != std::string::npos);
  CHECK(f.recorder.calls == std::vector<std::string>{"/now 200", "/unknown 404", "/later 200"});
  CHECK(f.recorder.refusals == std::vector<int>{431});
  CHECK(f.recorder.longest_us >= 0);
}

TEST_CASE("decorators add fields to every answer; one without content has no Content-Type") {
  Fixture f;
  f.ask(http::Method::get, "/now");
  CHECK(f.responder.fields.find("X-Stamp: /now 200\r\n") != std::string::npos);
  f.ask(http::Method::get, "/unknown");
  CHECK(f.responder.fields.find("X-Stamp: /unknown 404\r\n") != std::string::npos);
  CHECK(f.responder.fields.find("Content-Type: application/problem+json\r\n") != std::string::npos);
  f.ask(http::Method::get, "/nothing");
  CHECK(f.responder.fields.find("\nContent-Type: ") == std::string::npos);
}

TEST_CASE("request ids: the client's own, else a new one each") {
  Fixture f;
  f.ask(http::Method::get, "/now");
  const std::string first = f.responder.fields;
  f.ask(http::Method::get, "/now");
  CHECK(f.responder.fields != first);
  http::RequestHead head;
  head.method = http::Method::get;
  head.path = "/now";
  REQUIRE(head.fields.add("X-Request-Id", "mine"));
  f.server->on_request(f.responder, head);
  f.responder.receiver->on_request_end();
  CHECK(f.responder.fields.find("X-Request-Id: mine\r\n") != std::string::npos);
}
