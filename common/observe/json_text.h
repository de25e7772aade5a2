#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roost::observe {

/// Appends `text` as a JSON string, in quotes (RFC 8259, section 7). Control characters are escaped; bytes that are not
/// UTF-8 become U+FFFD, one for each, so that what a peer sends can never make a log line unreadable.
void append_json_string(std::string& out, std::string_view text);

/// One member of a JSON object whose values are all scalars.
struct JsonMember {
  std::string key;
  std::string text;     ///< Of a string.
  int64_t integer = 0;  ///< Of a whole number that fits.
  enum class Kind : uint8_t { text, integer, other } kind = Kind::other;
};

/// Reads a flat JSON object member by member, without building a tree: log lines are read by the hundred thousand.
class FlatJsonReader {
 public:
  explicit FlatJsonReader(std::string_view object) : rest_(object) {}
  /// The next member in `member`, reusing its memory. False at the end, or at the first thing that is not a flat JSON
  /// object; complete() tells which.
  bool next(JsonMember& member);
  /// True once the closing brace was read and nothing but white space follows.
  bool complete() const { return complete_; }

 private:
  void skip_blanks();
  bool take(char expected);
  bool read_string(std::string& text);
  bool read_escape(std::string& text);
  bool read_code_unit(uint32_t& unit);
  bool read_value(JsonMember& member);

  std::string_view rest_;
  bool started_ = false;
  bool complete_ = false;
};

}  // namespace roost::observe
