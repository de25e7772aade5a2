#include "common/observe/json_text.h"

#include <array>
#include <charconv>

namespace roost::observe {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// Length of the UTF-8 character that `text` begins with, 0 when it is none (RFC 3629, section 4).
size_t utf8_length(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

/// Which bytes stand for themselves in a string.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x7f; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

void append_escape(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      out += static_cast<char>(0xe0 | (code >> 12));
    } else {
      out += static_cast<char>(0xf0 | (code >> 18));
      out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    }
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  }
  out += static_cast<char>(0x80 | (code & 0x3f));
}

bool is_high_surrogate(uint32_t unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low_surrogate(uint32_t unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t run = 0;
    while (run < text.size() && is_plain(text[run])) ++run;
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const size_t length = utf8_length(text);
    if (length > 1) {
      out.append(text.substr(0, length));
    } else if (length == 1) {
      append_escape(out, text[0]);
    } else {
      out.append(kReplacement);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool FlatJsonReader::next(JsonMember& member) {
  if (complete_) return false;
  skip_blanks();
  if (!started_) {
    started_ = true;
    if (!take('{')) return false;
    skip_blanks();
    if (take('}')) {
      skip_blanks();
      complete_ = rest_.empty();
      return false;
    }
  } else if (take('}')) {
    skip_blanks();
    complete_ = rest_.empty();
    return false;
  } else if (!take(',')) {
    return false;
  }
  skip_blanks();
  if (!read_string(member.key)) return false;
  skip_blanks();
  if (!take(':')) return false;
  skip_blanks();
  return read_value(member);
}

void FlatJsonReader::skip_blanks() {
  while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r' || rest_[0] == '\n')) {
    rest_.remove_prefix(1);
  }
}

bool FlatJsonReader::take(char expected) {
  if (rest_.empty() || rest_[0] != expected) return false;
  rest_.remove_prefix(1);
  return true;
}

bool FlatJsonReader::read_string(std::string& text) {
  text.clear();
  if (!take('"')) return false;
  for (;;) {
    size_t run = 0;
    while (run < rest_.size() && rest_[run] != '"' && rest_[run] != '\\') {
      if (static_cast<unsigned char>(rest_[run]) < 0x20) return false;
      ++run;
    }
    text.append(rest_.substr(0, run));
    rest_.remove_prefix(run);
    if (take('"')) return true;
    if (!take('\\') || !read_escape(text)) return false;
  }
}

bool FlatJsonReader::read_escape(std::string& text) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (rest_.empty()) return false;
  const char letter = rest_[0];
  rest_.remove_prefix(1);
  if (const size_t found = kLetters.find(letter); found != std::string_view::npos) {
    text += kMeanings[found];
    return true;
  }
  uint32_t unit = 0;
  if (letter != 'u' || !read_code_unit(unit) || is_low_surrogate(unit)) return false;
  if (is_high_surrogate(unit)) {
    uint32_t low = 0;
    if (!take('\\') || !take('u') || !read_code_unit(low) || !is_low_surrogate(low)) return false;
    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }
  append_utf8(text, unit);
  return true;
}

bool FlatJsonReader::read_code_unit(uint32_t& unit) {
  if (rest_.size() < 4) return false;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, unit, 16);
  if (error != std::errc{} || end != rest_.data() + 4) return false;
  rest_.remove_prefix(4);
  return true;
}

// A string, or a run of the characters that numbers and the three literals are made of; those are not checked further,
// since nothing but whole numbers is used.
bool FlatJsonReader::read_value(JsonMember& member) {
  if (!rest_.empty() && rest_[0] == '"') {
    member.kind = JsonMember::Kind::text;
    return read_string(member.text);
  }
  static constexpr std::string_view kScalar = "+-.0123456789Eaeflnrstu";
  size_t run = 0;
  while (run < rest_.size() && kScalar.find(rest_[run]) != std::string_view::npos) ++run;
  const char* end = rest_.data() + run;
  const auto [rest, error] = std::from_chars(rest_.data(), end, member.integer);
  const bool whole = run != 0 && error == std::errc{} && rest == end;
  member.kind = whole ? JsonMember::Kind::integer : JsonMember::Kind::other;
  rest_.remove_prefix(run);
  return run != 0;
}

}  // namespace roost::observe
