#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/http1/framing.h"

namespace roost::http::one_pass {

/// The second opinion on bodies. Takes a body out of its framing (RFC 9112 §6, §7.1): hands out the pieces of content
/// among the bytes of a connection and knows where the body ends. Strict: chunk sizes are 1 to 15 hexadecimal digits,
/// lines end in CRLF, extensions and trailers are bounded and dropped. Holds a few words of state and no buffer.
class BodyDecoder {
 public:
  static constexpr uint32_t kMaxLineBytes = 1024;     ///< a chunk's size line with its extensions
  static constexpr uint32_t kMaxTrailerBytes = 8192;  ///< all trailer fields

  enum class Event : unsigned char {
    need_more,  ///< all given bytes are used up
    content,    ///< `content()` is a piece of the body; call again with the rest
    end,        ///< the body is whole; what is left belongs to the next message
    malformed,
  };

  void start(const Framing& framing);
  /// Looks at `bytes` and takes from its front what it used up.
  Event next(std::string_view& bytes);
  std::string_view content() const { return content_; }
  /// The connection ended: whether that is a proper end of this body.
  bool ends_with_connection() const { return state_ == State::until_close; }
  /// Content bytes still to come, where that is known; 0 otherwise.
  uint64_t remaining() const { return state_ == State::counted ? left_ : 0; }

 private:
  enum class State : unsigned char {
    counted,
    until_close,
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer,
    trailer_lf,
    last_lf,
    done,
    broken,
  };
  Event take_content(std::string_view& bytes);
  State step(char c);
  State step_size(char c);
  State step_trailer(char c);

  State state_ = State::done;
  uint8_t digits_ = 0;
  uint32_t line_bytes_ = 0;
  uint64_t left_ = 0;
  std::string_view content_;
};

}  // namespace roost::http::one_pass
