#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/fetching/backend_call.h"
#include "tests/support/upstream_fixture.h"

namespace roost::proxy {

/// A call and its owner, which writes down what it hears: "head body end ", where a body in pieces is noted once.
class Caller final : private BackendCallReceiver {
 public:
  explicit Caller(UpstreamFixture& fixture) : fixture_(fixture), call_(fixture.context(), *this) {}

  BackendCall& call() { return call_; }
  /// A request for /a. Idempotent as its method says.
  void open(std::string_view method = "GET", http::BodyLength body = {}) {
    ForwardedRequest& request = call_.request();
    request.method = method;
    request.target = "/a";
    request.fields.clear();
    request.fields.add("Host", "h");
    request.body = body;
    request.head_only = method == "HEAD";
    request.idempotent = method != "POST";
    call_.open(*fixture_.context().loop_site, fixture_.context().site().routes.all().back(), 0);
  }
  /// open(), and all that follows from it without time passing.
  void exchange(std::string_view method = "GET") {
    open(method);
    fixture_.run();
  }

  const std::string& events() const { return events_; }
  std::string take_events() { return std::exchange(events_, {}); }
  int status() const { return status_; }
  const std::string& body() const { return body_; }
  const CallFailure& failure() const { return failure_; }

  void pause_at_head() { pause_at_head_ = true; }
  /// Runs once, inside the next last event.
  void at_end(std::function<void()> action) { at_end_ = std::move(action); }
  void abort_at(std::string_view event) { abort_at_ = event; }

 private:
  void note(std::string_view event) {
    if (event != "body " || !events_.ends_with(event)) events_ += event;
    if (event == abort_at_) call_.abort();
  }
  void end(std::string_view event) {
    note(event);
    if (at_end_) std::exchange(at_end_, nullptr)();
  }
  void on_answer_head(const http::ResponseHead& head) override {
    status_ = head.status;
    if (pause_at_head_) call_.pause();
    note("head ");
  }
  void on_answer_body(std::string_view bytes) override {
    body_ += bytes;
    note("body ");
  }
  void on_answer_end() override { end("end "); }
  void on_call_writable() override { note("writable "); }
  void on_call_failed(const CallFailure& failure) override {
    failure_ = failure;
    end("failed ");
  }

  UpstreamFixture& fixture_;
  std::string events_;
  std::string body_;
  std::string abort_at_;
  CallFailure failure_;
  std::function<void()> at_end_;
  int status_ = 0;
  bool pause_at_head_ = false;
  BackendCall call_;
};

}  // namespace roost::proxy
