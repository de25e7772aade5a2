#include "api/http/front.h"

#include <filesystem>
#include <optional>

#include <doctest/doctest.h>
#include <stdlib.h>

#include "api/logs/request_log.h"

using namespace roost;
using namespace roost::api;

namespace {

/// Stands for a connection: keeps what was answered.
class ScriptedResponder final : public http::Responder {
 public:
  void attach(http::RequestReceiver* to) override { receiver = to; }
  void respond(const http::ResponseStart& start, std::span<const Slice> body) override {
    ++responses;
    status = start.status;
    fields = std::string(start.fields) + std::string(start.more_fields);
    text = body.empty() ? "" : std::string(body[0].view());
  }
  bool send_head(const http::ResponseStart&, std::span<const Slice>) override { return true; }
  bool send_body(std::span<const Slice>) override { return true; }
  void end() override {}
  void abort() override {}
  void pause_body() override {}
  void resume_body() override {}
  const net::Address& client() const override { return address; }
  uint64_t bytes_sent() const override { return 0; }

  http::RequestReceiver* receiver = nullptr;
  net::Address address;
  int responses = 0;
  int status = 0;
  std::string fields;
  std::string text;
};

struct Fixture {
  std::string directory = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "roost-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
  }();
  net::EventLoop loop;
  observe::EventLog events{[](observe::EventLevel, std::string_view) {}};
  std::unique_ptr<RequestLog> log = std::move(*RequestLog::open({.directory = directory, .worker = "w"}, events));
  observe::MetricRegistry registry;
  Routes routes;
  std::optional<Reply> kept;
  std::optional<Front> front;
  ScriptedResponder responder;

  Fixture() {
    routes.add(http::Method::get, "/now", [](Request&, Reply reply) { reply.send(uncached_json(200, "now")); });
    routes.add(http::Method::post, "/echo",
               [](Request& request, Reply reply) { reply.send(uncached_json(200, request.body)); });
    routes.add(http::Method::get, "/later", [this](Request&, Reply reply) { kept.emplace(std::move(reply)); });
    routes.add(http::Method::get, "/never", [](Request&, Reply) {});
    routes.add(http::Method::get, "/a/{x}/b/{y}", [](Request& request, Reply reply) {
      reply.send(uncached_json(200, request.captures[0] + "," + request.captures[1]));
    });
    front.emplace(loop, routes, *log, registry.make_scope());
  }
  ~Fixture() {
    front.reset();
    kept.reset();
    std::filesystem::remove_all(directory);
  }
  void ask(http::Method method, std::string_view path, bool end = true) {
    http::RequestHead head;
    head.method = method;
    head.method_text = "METHOD";
    head.path = head.target = path;
    front->on_request(responder, head);
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
  CHECK(f.front->active() == 0);
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

TEST_CASE("an answer later, and one that nobody waits for any more") {
  Fixture f;
  f.ask(http::Method::get, "/later");
  CHECK(f.front->active() == 1);
  f.kept->send(uncached_json(200, "late"));
  CHECK(f.responder.text == "late");
  CHECK(f.front->active() == 0);
  f.kept.reset();
  f.loop.run_once(false);

  f.ask(http::Method::get, "/later");
  f.responder.receiver->on_client_gone(Error{});
  CHECK(f.front->active() == 1);  // the action goes on
  f.kept->send(uncached_json(200, "too late"));
  CHECK(f.responder.responses == 1);
  CHECK(f.front->active() == 0);
}

TEST_CASE("a client that goes before its request is whole") {
  Fixture f;
  f.ask(http::Method::post, "/echo", false);
  f.responder.receiver->on_client_gone(Error{});
  f.loop.run_once(false);
  CHECK(f.front->active() == 0);
  CHECK(f.responder.responses == 0);
}

TEST_CASE("a reply that is dropped answers 500") {
  Fixture f;
  f.ask(http::Method::get, "/never");
  CHECK(f.responder.status == 500);
}

TEST_CASE("replies outlive the front") {
  Fixture f;
  f.ask(http::Method::get, "/later");
  ScriptedResponder reading;
  http::RequestHead head;
  head.path = "/echo";
  f.front->on_request(reading, head);
  f.front.reset();
  f.kept->send(uncached_json(200, "nobody hears"));
  CHECK(f.responder.responses == 0);
}

TEST_CASE("routes: captures, slashes, escapes, methods") {
  Fixture f;
  f.ask(http::Method::get, "/a/1/b/2");
  CHECK(f.responder.text == "1,2");
  f.ask(http::Method::get, "/a/x%2Fy/b/%20/");
  CHECK(f.responder.text == "x/y, ");
  f.ask(http::Method::head, "/now/");
  CHECK(f.responder.status == 200);
  f.ask(http::Method::get, "/a/%zz/b/2");
  CHECK(f.responder.status == 400);
  for (const char* unknown : {"/", "/nothing", "/a/1/b", "/a//b/2", "//now", "/now//", "now", "/1/2/3/4/5/6/7/8/9"}) {
    f.ask(http::Method::get, unknown);
    CHECK_MESSAGE(f.responder.status == 404, unknown);
  }
  f.ask(http::Method::delete_, "/now");
  CHECK(f.responder.status == 405);
  CHECK(f.responder.fields.find("Allow: GET, HEAD\r\n") != std::string::npos);
  f.ask(http::Method::options, "/echo");
  CHECK(f.responder.status == 204);
  CHECK(f.responder.fields.find("Allow: POST\r\n") != std::string::npos);
}
