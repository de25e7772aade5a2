#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "common/base/block.h"
#include "common/http/message.h"
#include "common/net/stream.h"

namespace roost::http {

/// Appends a number in decimal (or hexadecimal).
inline void append_number(std::string& to, uint64_t value, int base = 10) {
  char digits[24];
  to.append(digits, std::to_chars(digits, digits + sizeof(digits), value, base).ptr);
}

/// The framing field a head needs for `body`; nothing for none and until_close.
inline void append_framing(std::string& to, BodyLength body) {
  if (body.kind == BodyLength::Kind::known) {
    to.append("Content-Length: ");
    append_number(to, body.bytes);
    to.append("\r\n");
  } else if (body.kind == BodyLength::Kind::chunked) {
    to.append("Transfer-Encoding: chunked\r\n");
  }
}

/// Counts what a body of known length still lacks, and writes pieces in its framing. Shared by both kinds of
/// connection.
class BodyWriter {
 public:
  void start(BodyLength body) {
    kind_ = body.kind;
    left_ = body.kind == BodyLength::Kind::known ? body.bytes : 0;
  }
  /// Whether the framing says that nothing more comes.
  bool complete() const { return kind_ == BodyLength::Kind::none || (kind_ == BodyLength::Kind::known && left_ == 0); }
  bool chunked() const { return kind_ == BodyLength::Kind::chunked; }
  /// Sends `head` (may be empty) and the pieces, in as few writes as they fit; `last` ends a chunked body. Returns what
  /// Stream::write returned last. More bytes than a known length has are a programmer error.
  bool write(net::Stream& stream, std::string_view head, std::span<const Slice> pieces, bool last);
  uint64_t bytes_written() const { return written_; }
  void reset_bytes_written() { written_ = 0; }

 private:
  BodyLength::Kind kind_ = BodyLength::Kind::none;
  uint64_t left_ = 0;
  uint64_t written_ = 0;
};

}  // namespace roost::http
