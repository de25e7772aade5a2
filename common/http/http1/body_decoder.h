#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/http/http1/framing.h"

namespace roost::http {

/// Takes a body out of its framing (RFC 9112 §6, §7.1): hands out the pieces of content among the bytes of a connection
/// and knows where the body ends. Chunks are read by llhttp and held against ChunkRules: both must see the same.
/// Extensions and trailers are dropped. Holds no buffer; what llhttp needs is allocated for a connection's first
/// chunked body and used again for the next.
class BodyDecoder {
 public:
  enum class Event : unsigned char {
    need_more,  ///< all given bytes are used up
    content,    ///< `content()` is a piece of the body; call again with the rest
    end,        ///< the body is whole; what is left belongs to the next message
    malformed,
  };

  BodyDecoder();
  ~BodyDecoder();
  BodyDecoder(const BodyDecoder&) = delete;
  BodyDecoder& operator=(const BodyDecoder&) = delete;

  void start(const Framing& framing);
  /// Looks at `bytes` and takes from its front what it used up.
  Event next(std::string_view& bytes);
  std::string_view content() const { return content_; }
  /// The connection ended: whether that is a proper end of this body.
  bool ends_with_connection() const { return state_ == State::until_close; }
  /// Content bytes still to come, where that is known; 0 otherwise.
  uint64_t remaining() const { return state_ == State::counted ? left_ : 0; }

 private:
  enum class State : unsigned char { counted, until_close, chunked, done, broken };
  class Chunks;
  Event take_content(std::string_view& bytes);
  Event next_of_chunks(std::string_view& bytes);

  State state_ = State::done;
  uint64_t left_ = 0;
  std::string_view content_;
  std::unique_ptr<Chunks> chunks_;
};

}  // namespace roost::http
