#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "common/base/task.h"
#include "common/http/server.h"
#include "tests/support/field_text.h"
#include "tests/support/memory_stream.h"

namespace roost::http {

/// An acceptor that writes down what it is given and answers as it is told, over a stream in memory.
class ServerFixture final : public RequestAcceptor, public RequestReceiver {
 public:
  enum class Answer { at_once, at_end, never };
  explicit ServerFixture(const ServerLimits& limits = {}) : server_(loop_, limits, *this) {
    loop_.run_once(false);
    server_.adopt(memory_.attach());
  }

  void on_request(Responder& responder, const RequestHead& head) override {
    requests_.push_back(std::string(head.method_text) + " " + std::string(head.authority) + " " +
                        std::string(head.target));
    scheme_ = head.scheme;
    fields_.clear();
    for (const Field& field : head.fields)
      fields_.emplace_back(std::string(field.name) + "=" + std::string(field.value));
    responder_ = &responder;
    if (answer_ == Answer::at_once) return reply();
    responder.attach(this);
    if (on_attached_) on_attached_();
  }
  void on_refused(Responder&, const RefusedRequest& refused) override {
    refused_status_ = refused.status;
    refused_why_ = refused.why;
    refused_line_ = std::string(refused.method) + " " + std::string(refused.target);
    refused_has_head_ = refused.head != nullptr;
  }
  void on_request_body(std::string_view bytes) override { body_ += bytes; }
  void on_request_end() override {
    ++ends_;
    if (answer_ == Answer::at_end) reply();
  }
  void on_client_writable() override { ++writable_; }
  void on_client_gone(const Error& error) override { gone_ = error.what; }

  void reply(std::string_view body = "ok", int status = 200) {
    const Slice piece(body);
    responder_->respond(
        {.status = status, .fields = fields_of("A: b\r\n"), .more_fields = {}, .body = BodyLength::known(body.size())},
        {&piece, 1});
  }
  /// What has been sent since the last call.
  std::string sent() {
    std::string now = memory_.sent().substr(taken_);
    taken_ = memory_.sent().size();
    return now;
  }
  /// The status codes of all responses so far.
  std::vector<int> statuses() {
    std::vector<int> all;
    const std::string& text = memory_.sent();
    for (size_t at = 0; (at = text.find("HTTP/1.1 ", at)) != std::string::npos; at += 9) {
      int status = 0;
      if (std::sscanf(text.c_str() + at, "HTTP/1.1 %3d ", &status) == 1) all.push_back(status);
    }
    return all;
  }
  /// Bytes from the client, and all that follows from them at once or at the next turn.
  void feed(std::string_view bytes) {
    memory_.feed(bytes);
    advance_ms(0);
  }
  void turn() {
    loop_.run_once(false);
    memory_.pump();
  }
  /// Lets time pass.
  void advance_ms(int64_t by_ms) { loop_.timers().advance_to_ms(loop_.timers().now_ms() + by_ms); }
  bool closed() const { return server_.connection_count() == 0; }

  net::EventLoop loop_;
  net::MemoryStream memory_;
  Server server_;
  Answer answer_ = Answer::at_once;
  Responder* responder_ = nullptr;
  std::vector<std::string> requests_;
  std::string scheme_;               // of the last request
  std::vector<std::string> fields_;  // "name=value", of the last request
  UniqueFunction<void()> on_attached_;
  std::string body_;
  std::string gone_;
  std::string refused_why_;
  std::string refused_line_;
  bool refused_has_head_ = false;
  int refused_status_ = 0;
  int ends_ = 0;
  int writable_ = 0;

 private:
  size_t taken_ = 0;
};

constexpr std::string_view kOkReply = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nok";

}  // namespace roost::http
