#include "common/http/http1/response_writer.h"

#include "common/base/check.h"

namespace roost::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void put_status_line(int status, HeadBuilder& head) {
  if (status == 200) return head.put("HTTP/1.1 200 OK\r\n");  // most are
  head.put("HTTP/1.1 ");
  head.put_number(static_cast<uint64_t>(status));
  head.put(" ");
  head.put(reason_phrase(status));
  head.put("\r\n");
}

bool is_bodiless(int status) {
  return status == 204 || status == 304;
}

}  // namespace

void ResponseWriter::start(bool head_only, const HeadFacts& facts, bool expect_continue) {
  phase_ = Phase::awaited;
  keep_alive_ = facts.keep_alive;
  head_only_ = head_only;
  http_1_0_ = facts.version_minor == 0;
  continue_awaited_ = expect_continue;
  body_.reset_body_bytes();
}

void ResponseWriter::send_continue(net::Stream& stream) {
  if (!continue_awaited_ || phase_ != Phase::awaited) return;
  continue_awaited_ = false;
  const Slice line(kContinue);
  below_watermark_ = stream.write({&line, 1});
}

void ResponseWriter::send_informational(net::Stream& stream, const ResponseStart& start, std::string& buffer) {
  ROOST_CHECK(phase_ == Phase::awaited && start.status > 101 && start.status < 200);
  if (http_1_0_) return;
  HeadBuilder head(buffer, start.fields.bytes().size() + start.more_fields.bytes().size());
  put_status_line(start.status, head);
  head.put(start.fields);
  head.put(start.more_fields);
  head.put("\r\n");
  const Slice whole(head.text());
  below_watermark_ = stream.write({&whole, 1});
}

// How the body is framed for this client; decides as well whether the connection can outlive it.
Framing ResponseWriter::framing_of(const ResponseStart& start) {
  ROOST_CHECK(start.body.kind != BodyLength::Kind::tunnel);
  if (is_bodiless(start.status)) return {};
  if (start.body.kind != BodyLength::Kind::unknown) return {Framing::Kind::counted, start.body.bytes};
  if (!http_1_0_) return {Framing::Kind::chunked, 0};
  keep_alive_ = false;
  return {Framing::Kind::until_close, 0};
}

std::string_view ResponseWriter::make_head(const ResponseStart& start, std::string& buffer) {
  ROOST_CHECK(phase_ == Phase::awaited && start.status >= 200 && start.status <= 599);
  const Framing framing = framing_of(start);
  HeadBuilder head(buffer, start.fields.bytes().size() + start.more_fields.bytes().size());
  put_status_line(start.status, head);
  head.put(start.fields);
  head.put(start.more_fields);
  head.put_framing(framing);
  if (!keep_alive_) {
    head.put("Connection: close\r\n");
  } else if (http_1_0_) {
    head.put("Connection: keep-alive\r\n");
  }
  head.put("\r\n");
  body_.start(head_only_ ? Framing() : framing);
  return head.text();
}

bool ResponseWriter::write(net::Stream& stream, std::string_view head, std::span<const Slice> pieces, bool last,
                           FieldBlockView trailers) {
  if (body_.bodiless()) pieces = {};
  below_watermark_ = body_.write(stream, head, pieces, last, trailers);
  return below_watermark_;
}

}  // namespace roost::http
