#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/http/http1/connection_parts.h"
#include "common/http/message.h"

namespace roost::http {

/// The writing side of a client's connection: one response after the other, in the form that the request and the
/// client's HTTP version ask for, and whether the connection can go on after it.
class ResponseWriter {
 public:
  enum class Phase : uint8_t { awaited, streaming, ended };

  /// A request came. `facts`: of its head.
  void start(bool head_only, const HeadFacts& facts, bool expect_continue);
  /// Sends 100 Continue when the client still waits for it.
  void send_continue(net::Stream& stream);
  bool continue_awaited() const { return continue_awaited_; }
  /// Sends an informational response, built in `buffer`; not to an HTTP/1.0 client, which knows none.
  void send_informational(net::Stream& stream, const ResponseStart& start, std::string& buffer);
  /// The request's body has begun to come.
  void body_begun() { continue_awaited_ = false; }
  /// The response's head, of status 200 to 599, built in `buffer`.
  std::string_view make_head(const ResponseStart& start, std::string& buffer);
  /// As BodyWriter::write, and nothing of a body that is not sent to this client, such as that of an answer to HEAD.
  bool write(net::Stream& stream, std::string_view head, std::span<const Slice> pieces, bool last,
             FieldBlockView trailers);
  bool complete() const { return body_.complete(); }
  bool chunked() const { return body_.chunked(); }
  bool may_end() const { return body_.may_end(); }
  bool ends_with_connection() const { return body_.ends_with_connection(); }
  uint64_t body_bytes() const { return body_.body_bytes(); }

  Phase phase() const { return phase_; }
  void set_phase(Phase phase) { phase_ = phase; }
  bool keep_alive() const { return keep_alive_; }
  /// This is the connection's last response; its head says so when it is not made yet.
  void close_after() { keep_alive_ = false; }
  /// The stream takes more at once: what the last write() returned, or on_drained() was called since.
  bool below_watermark() const { return below_watermark_; }
  void on_drained() { below_watermark_ = true; }

 private:
  Framing framing_of(const ResponseStart& start);

  [[no_unique_address]] BodyWriter body_;  // what follows fits into its padding
  Phase phase_ = Phase::ended;
  bool keep_alive_ : 1 = true;
  bool head_only_ : 1 = false;  // answers HEAD
  bool http_1_0_ : 1 = false;
  bool continue_awaited_ : 1 = false;
  bool below_watermark_ : 1 = true;
};

}  // namespace roost::http
