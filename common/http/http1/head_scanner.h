#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace roost::http {

/// Finds the end of a message's head, looking at each byte once however the bytes arrive, so that a head is parsed only
/// when it is whole and stands in one piece. A line that does not end in CRLF and a folded field line (RFC 9112 §2.2,
/// §5.2) are refused as soon as they are seen; what stands in the lines is the parser's.
class HeadScanner {
 public:
  enum class Verdict : unsigned char { incomplete, complete, bare_line_feed, folded_line };

  /// `bytes` begins at the head's first byte and holds at least what the previous call held; less than 4 GiB.
  Verdict scan(std::string_view bytes);
  /// After `complete`: bytes of the head, its empty line included.
  size_t head_bytes() const { return line_start_; }
  /// Whether the first line has been seen whole: what grows behind it is fields, before it the target.
  bool first_line_seen() const { return line_start_ > 0; }
  /// Whether nothing of this head has been scanned.
  bool untouched() const { return line_start_ == 0 && searched_ == 0; }
  void reset() { line_start_ = searched_ = 0; }

 private:
  uint32_t line_start_ = 0;
  uint32_t searched_ = 0;  // no LF before this one
};

}  // namespace roost::http
