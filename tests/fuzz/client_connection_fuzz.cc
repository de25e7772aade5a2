// A backend's bytes, whole and cut anyhow, must have one outcome. The first byte says what was asked and whether the
// receiver pauses, the second how the bytes are cut.

#include <cstdint>
#include <random>

#include <fmt/core.h>

#include "common/base/check.h"
#include "common/http/client.h"
#include "tests/support/field_text.h"
#include "tests/support/memory_stream.h"

namespace roost::http {
namespace {

struct Exchange final : ResponseReceiver {
  Exchange(bool head_only, bool pauses) : pauses_(pauses) {
    ClientLimits limits;
    limits.max_head_bytes = 300;
    limits.max_fields = 8;
    connection_ = ClientConnection::over(loop_, memory_.attach(), limits);
    stream_ = &connection_->begin({.method = "GET",
                                   .target = "/",
                                   .fields = fields_of("Host: h\r\n"),
                                   .more_fields = {},
                                   .body = {},
                                   .head_only = head_only},
                                  {}, this);
  }
  void feed(std::string_view bytes) {
    memory_.feed(bytes);
    turn();
  }
  void turn() {
    if (paused_) stream_->resume();
    paused_ = false;
    loop_.timers().advance_to_ms(loop_.now_ms());
    memory_.pump();
    if (paused_) turn();
  }
  void pause() {
    if (!pauses_) return;
    paused_ = true;
    stream_->pause();
  }
  std::string finish() {
    if (!over_) memory_.feed_end();
    while (!over_) turn();
    return fmt::format("{}{} {}", told_, body_, connection_->reusable());
  }
  void on_response_head(const ResponseHead& head) override {
    told_ += fmt::format("{} {} {}\n", head.status, head.reason, head.protocol);
    for (const Field& field : head.fields) told_ += fmt::format("{}={}\n", field.name, field.value);
    pause();
  }
  void on_response_body(std::string_view bytes) override {
    body_.append(bytes);
    pause();
  }
  void on_response_end() override { over("end"); }
  void on_exchange_failed(const Error& error, Progress) override { over(error.what); }
  void over(const std::string& how) {
    ROOST_CHECK(!over_);
    over_ = true;
    paused_ = false;
    told_ += how + "\n";
  }

  net::EventLoop loop_;
  net::MemoryStream memory_;
  std::unique_ptr<ClientConnection> connection_;
  RequestStream* stream_ = nullptr;
  std::string told_;
  std::string body_;
  bool pauses_;
  bool paused_ = false;
  bool over_ = false;
};

std::string outcome(std::string_view bytes, bool head_only, bool pauses, unsigned cuts) {
  Exchange exchange(head_only, pauses);
  std::minstd_rand random(cuts);
  while (!bytes.empty() && !exchange.over_) {
    const size_t size = cuts == 0 ? bytes.size() : 1 + random() % 16;
    const std::string_view piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    exchange.feed(piece);
  }
  // Bytes behind the response, in the same read or a later one, end the connection's use.
  if (!bytes.empty() && !exchange.memory_.closed()) exchange.feed(bytes);
  return exchange.finish();
}

}  // namespace
}  // namespace roost::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const bool head_only = (data[0] & 1) != 0;
  const bool pauses = (data[0] & 2) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  ROOST_CHECK(roost::http::outcome(bytes, head_only, false, 0) ==
              roost::http::outcome(bytes, head_only, pauses, 1U + data[1]));
  return 0;
}
