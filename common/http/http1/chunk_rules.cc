#include "common/http/http1/chunk_rules.h"

namespace roost::http {
namespace {

constexpr uint8_t kMaxSizeDigits = 15;

bool is_hex_digit(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

bool ChunkRules::take(std::string_view bytes) {
  bytes.remove_prefix(take_plain(bytes));
  for (const char c : bytes) place_ = behind(c);
  return place_ != Place::broken;
}

// What nearly always comes between two pieces of content: the CRLF behind a chunk and a size line without extensions,
// in one piece. How many bytes of that there are; the rest goes by the byte.
size_t ChunkRules::take_plain(std::string_view bytes) {
  size_t at = 0;
  if (place_ == Place::chunk && bytes.starts_with("\r\n")) {
    place_ = Place::size_first;
    at = 2;
  } else if (place_ != Place::size_first) {
    return 0;
  }
  digits_ = 0;
  zero_ = true;
  line_bytes_ = 0;
  bool zero = true;
  size_t end = at;
  while (end < bytes.size() && is_hex_digit(bytes[end])) zero = (bytes[end++] == '0') && zero;
  const size_t digits = end - at;
  if (digits == 0 || digits > kMaxSizeDigits || !bytes.substr(end).starts_with("\r\n")) return at;
  place_ = zero ? Place::trailer_first : Place::chunk;
  return end + 2;
}

inline ChunkRules::Place ChunkRules::behind(char c) {
  switch (place_) {
    case Place::chunk:
      return c == '\r' ? Place::chunk_lf : Place::broken;
    case Place::chunk_lf:
      digits_ = 0;
      zero_ = true;
      line_bytes_ = 0;
      return c == '\n' ? Place::size_first : Place::broken;
    case Place::trailer_first:
    case Place::trailer:
    case Place::trailer_lf:
      return behind_trailer(c);
    case Place::last_lf:
      return c == '\n' ? Place::done : Place::broken;
    case Place::done:
    case Place::broken:
      return Place::broken;
    default:
      return behind_size(c);
  }
}

inline ChunkRules::Place ChunkRules::behind_size(char c) {
  if (++line_bytes_ > kMaxLineBytes) return Place::broken;
  if (place_ == Place::size_lf) {
    if (c != '\n') return Place::broken;
    line_bytes_ = 0;
    return zero_ ? Place::trailer_first : Place::chunk;
  }
  if (c == '\r') return place_ == Place::size_first ? Place::broken : Place::size_lf;
  if (place_ == Place::extension) return is_control(c) ? Place::broken : Place::extension;
  if (is_hex_digit(c)) {
    zero_ = zero_ && c == '0';
    return ++digits_ > kMaxSizeDigits ? Place::broken : Place::size;
  }
  return place_ == Place::size && c == ';' ? Place::extension : Place::broken;
}

ChunkRules::Place ChunkRules::behind_trailer(char c) {
  if (++line_bytes_ > kMaxTrailerBytes) return Place::broken;
  if (place_ == Place::trailer_lf) return c == '\n' ? Place::trailer_first : Place::broken;
  if (c == '\r') return place_ == Place::trailer_first ? Place::last_lf : Place::trailer_lf;
  if (place_ == Place::trailer_first && (c == ' ' || c == '\t')) return Place::broken;
  return is_control(c) ? Place::broken : Place::trailer;
}

}  // namespace roost::http
