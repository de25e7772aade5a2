#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/http/http1/framing.h"
#include "common/http/http1/head_scanner.h"
#include "common/http/http1/refusal.h"
#include "common/http/message.h"

namespace roost::http {

/// Reads heads with llhttp, and holds what it finds against the rules of docs/http.md: a head is let in when both do.
/// A head is handed out when it is whole; its views point into the bytes it was read from.
///
/// A head that is whole when it is first looked at, as nearly all are, is read in one go, and llhttp finds its end.
/// Of any other the end is looked for by HeadScanner, a byte once however they arrive, and then it is read as a whole:
/// how the bytes are cut makes no difference, and no state of llhttp is kept between reads.
class HeadReader {
 public:
  enum class Verdict : uint8_t { incomplete, complete, refused };
  struct Reading {
    Verdict verdict = Verdict::incomplete;
    Refusal refusal;
    size_t head_bytes = 0;  ///< when complete: of the head, its empty line included
    HeadFacts facts;
  };

  /// `bytes` begins at the head's first byte and holds at least what the previous call held; more may follow the head.
  /// At most `max_fields`, else 431; 501 for a method or transfer coding that is not known here, 505 for another
  /// version, 417 for another expectation, else 400.
  [[nodiscard]] Reading read_request(std::string_view bytes, size_t max_fields, RequestHead& head);
  /// The same for a response. `to_head_request`: it answers HEAD, so it has no body whatever it says (RFC 9112 §6.3); a
  /// length it names is kept in `head.body`, and the framing is none.
  [[nodiscard]] Reading read_response(std::string_view bytes, size_t max_fields, bool to_head_request,
                                      ResponseHead& head);

  /// Whether the first line of an incomplete head is whole: what grows behind it is fields, before it the target.
  bool first_line_seen() const { return scanner_.first_line_seen(); }
  /// For the next head.
  void reset() { scanner_.reset(); }

 private:
  template <class Read>
  Reading read(std::string_view bytes, const Read& read_whole);

  HeadScanner scanner_;
};

}  // namespace roost::http
