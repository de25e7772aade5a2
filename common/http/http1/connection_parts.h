#pragma once

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

#include "common/base/block.h"
#include "common/http/field_block.h"
#include "common/http/http1/framing.h"
#include "common/net/stream.h"

namespace roost::http {

/// Writes a head into a buffer that is kept from one head to the next; nothing is checked or moved between the pieces.
class HeadBuilder {
 public:
  /// `text_bytes`: of all that will be put() but framing and kSmallPieces.
  HeadBuilder(std::string& buffer, size_t text_bytes) {
    if (buffer.size() < text_bytes + kSmallPieces) buffer.resize(text_bytes + kSmallPieces);
    start_ = at_ = buffer.data();
  }
  void put(std::string_view text) { at_ = std::copy(text.begin(), text.end(), at_); }
  void put(FieldBlockView fields) { put(fields.http1_text()); }
  void put_number(uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }
  /// The field that says how the body is framed; nothing for none and until_close.
  void put_framing(const Framing& framing) {
    if (framing.kind == Framing::Kind::counted) {
      put("Content-Length: ");
      put_number(framing.bytes);
      put("\r\n");
    } else if (framing.kind == Framing::Kind::chunked) {
      put("Transfer-Encoding: chunked\r\n");
    }
  }
  std::string_view text() const { return {start_, static_cast<size_t>(at_ - start_)}; }

 private:
  static constexpr size_t kSmallPieces = 256;  // versions, status and reason, framing, Connection, the empty line
  char* start_;
  char* at_;
};

/// Counts what a body of known length still lacks, and writes pieces in its framing. Shared by both kinds of
/// connection.
class BodyWriter {
 public:
  void start(const Framing& framing) {
    kind_ = framing.kind;
    left_ = framing.kind == Framing::Kind::counted ? framing.bytes : 0;
  }
  /// Whether the framing says that nothing more comes.
  bool complete() const { return kind_ == Framing::Kind::none || (kind_ == Framing::Kind::counted && left_ == 0); }
  bool chunked() const { return kind_ == Framing::Kind::chunked; }
  bool bodiless() const { return kind_ == Framing::Kind::none; }
  bool ends_with_connection() const { return kind_ == Framing::Kind::until_close; }
  /// Whether the body can be whole now, for all that its framing says.
  bool may_end() const { return complete() || chunked() || kind_ == Framing::Kind::until_close; }
  /// Sends `head` (may be empty) and the pieces, in as few writes as they fit; `last` ends a chunked body, with
  /// `trailers`. Returns what Stream::write returned last. More bytes than a known length has are a programmer error.
  bool write(net::Stream& stream, std::string_view head, std::span<const Slice> pieces, bool last,
             FieldBlockView trailers = {});
  /// Of the body, without its framing.
  uint64_t body_bytes() const { return body_bytes_; }
  void reset_body_bytes() { body_bytes_ = 0; }

 private:
  uint64_t left_ = 0;
  uint64_t body_bytes_ = 0;
  Framing::Kind kind_ = Framing::Kind::none;
};

}  // namespace roost::http
