#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/check.h"
#include "common/http/server.h"
#include "common/net/address.h"

namespace roost::http {

/// A Responder that keeps what it is told: a log of the calls, and the answer they make up.
///
///     "respond"            the whole answer in one call
///     "head", "head+body"  its beginning, and whether bytes of the body came along
///     "body", "end", "abort", "pause", "resume"
class FakeResponder final : public Responder {
 public:
  FakeResponder() = default;
  explicit FakeResponder(std::string_view client) : client_(*net::Address::parse(std::string(client))) {}

  /// The calls since the last time, a blank behind each.
  std::string take_log() { return std::exchange(log_, {}); }
  int status() const { return status_; }
  const std::string& body() const { return body_; }
  BodyLength length() const { return length_; }
  /// The value of the first field of that name; "(none)" without one.
  std::string field(std::string_view name) const {
    for (const auto& [own, value] : fields_) {
      if (equals_ignore_case(own, name)) return value;
    }
    return "(none)";
  }
  bool over() const { return over_; }
  RequestReceiver* receiver() { return receiver_; }
  /// From now on the client takes nothing; and takes all again, which is an event.
  void block() { takes_ = false; }
  void unblock() {
    takes_ = true;
    receiver_->on_client_writable();
  }
  /// The rest of the request's body breaks a rule.
  void refuse_body(int status, std::string_view why) {
    ROOST_CHECK(!over_);
    receiver_->on_client_gone({std::string(why), Side::client, false, status});
    over_ = true;
  }
  /// The client closes its connection.
  void leave() {
    ROOST_CHECK(!over_ || !takes_);
    over_ = true;
    receiver_->on_client_gone({"gone", Side::client, false, 0});
  }

  bool attach(RequestReceiver* receiver) override {
    if (over_ && takes_) return false;
    receiver_ = receiver;
    return true;
  }
  void respond(const ResponseStart& start, std::span<const Slice> body) override {
    begin(start, "respond ");
    take(body);
    over_ = true;
  }
  bool send_head(const ResponseStart& start, std::span<const Slice> first_body) override {
    if (start.status < 200) {
      ROOST_CHECK(!begun_ && !over_);
      log_ += std::to_string(start.status) + " ";
      return true;
    }
    begin(start, first_body.empty() ? "head " : "head+body ");
    take(first_body);
    return takes_;
  }
  bool send_body(std::span<const Slice> pieces) override {
    ROOST_CHECK(begun_ && !over_);
    log_ += "body ";
    take(pieces);
    return takes_;
  }
  void end(FieldBlockView) override { finish("end "); }
  void abort() override { finish("abort "); }
  void pause_body() override { log_ += "pause "; }
  void resume_body() override { log_ += "resume "; }
  const net::Address& client() const override { return client_; }
  uint64_t body_bytes_sent() const override { return body_.size(); }

 private:
  void begin(const ResponseStart& start, std::string_view call) {
    ROOST_CHECK(!begun_ && !over_);
    begun_ = true;
    log_ += call;
    status_ = start.status;
    length_ = start.body;
    for (const Field& field : start.fields) fields_.emplace_back(field.name, field.value);
    for (const Field& field : start.more_fields) fields_.emplace_back(field.name, field.value);
  }
  void take(std::span<const Slice> pieces) {
    for (const Slice& piece : pieces) body_ += piece.view();
  }
  void finish(std::string_view call) {
    ROOST_CHECK(!over_);
    over_ = true;
    log_ += call;
  }

  net::Address client_ = *net::Address::parse("192.0.2.1:1");
  RequestReceiver* receiver_ = nullptr;
  std::string log_;
  std::string body_;
  std::vector<std::pair<std::string, std::string>> fields_;
  BodyLength length_;
  int status_ = 0;
  bool takes_ = true;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace roost::http
