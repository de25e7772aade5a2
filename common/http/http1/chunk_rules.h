#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace roost::http {

/// The rules of docs/http.md for what stands between the pieces of a chunked body's content (RFC 9112 §7.1): size
/// lines, the CRLF behind a chunk, trailers. Goes along with llhttp, a byte once however they arrive. Strict: chunk
/// sizes are 1 to 15 hexadecimal digits, lines end in CRLF, extensions and trailers are bounded.
class ChunkRules {
 public:
  static constexpr uint32_t kMaxLineBytes = 1024;     ///< a chunk's size line with its extensions
  static constexpr uint32_t kMaxTrailerBytes = 8192;  ///< all trailer fields

  /// The next bytes that are no content. False: they break a rule.
  bool take(std::string_view bytes);
  /// Whether content may come now.
  bool in_chunk() const { return place_ == Place::chunk; }
  /// Whether the body is whole.
  bool done() const { return place_ == Place::done; }

 private:
  enum class Place : uint8_t {
    size_first,
    size,
    extension,
    size_lf,
    chunk,  // content; the first byte that is none is the CR behind it
    chunk_lf,
    trailer_first,
    trailer,
    trailer_lf,
    last_lf,
    done,
    broken,
  };
  size_t take_plain(std::string_view bytes);
  Place behind(char c);
  Place behind_size(char c);
  Place behind_trailer(char c);

  Place place_ = Place::size_first;
  bool zero_ = true;  // the size so far
  uint8_t digits_ = 0;
  uint32_t line_bytes_ = 0;
};

}  // namespace roost::http
