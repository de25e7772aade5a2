#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/http/fields.h"
#include "common/http/http1/field_text.h"

namespace roost::http {

/// Fields on their way out, in their order: those of a head or of trailers. The form they are kept in is opaque; only
/// the connections that send them know it. Framing fields (Content-Length, Transfer-Encoding, Connection) never stand
/// in one: they are the connection's.
///
/// This is a view of a FieldBlock, a FixedFieldBlock, or of bytes() that were kept.
class FieldBlockView {
 public:
  class Iterator;

  FieldBlockView() = default;
  /// `bytes`: what bytes() of another one gave.
  static FieldBlockView from_bytes(std::string_view bytes) { return FieldBlockView(bytes); }
  /// The stored form, to be kept in memory and read back with from_bytes().
  std::string_view bytes() const { return text_; }
  bool empty() const { return text_.empty(); }
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class HeadBuilder;
  friend class BodyWriter;
  friend class FieldBlock;
  template <size_t kBytes>
  friend class FixedFieldBlock;
  explicit FieldBlockView(std::string_view text) : text_(text) {}
  std::string_view http1_text() const { return text_; }

  std::string_view text_;
};

/// Goes through the fields of a block; each is a Field whose views point into the block.
class FieldBlockView::Iterator {
 public:
  explicit Iterator(std::string_view rest) : rest_(rest) {}
  Field operator*() const {
    const FieldLine line(rest_);
    return {line.name, line.value, field_id(line.name)};
  }
  Iterator& operator++() {
    rest_.remove_prefix(FieldLine(rest_).bytes);
    return *this;
  }
  bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

 private:
  std::string_view rest_;
};

inline FieldBlockView::Iterator FieldBlockView::begin() const {
  return Iterator(text_);
}
inline FieldBlockView::Iterator FieldBlockView::end() const {
  return Iterator({});
}

/// A block that grows. Keeps its capacity when it is cleared.
class FieldBlock {
 public:
  FieldBlock() = default;
  explicit FieldBlock(FieldBlockView fields) : text_(fields.text_) {}
  FieldBlock(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

  /// A programmer error when the value holds CR, LF or NUL: parsed values cannot, and our own must not.
  void add(std::string_view name, std::string_view value) { add(name, {value}); }
  void add(std::string_view name, uint64_t value);
  /// A value that is made of several pieces.
  void add(std::string_view name, std::initializer_list<std::string_view> value);
  void append(FieldBlockView other) { text_.append(other.text_); }
  void clear() { text_.clear(); }
  bool empty() const { return text_.empty(); }
  FieldBlockView view() const { return FieldBlockView(std::string_view(text_)); }
  operator FieldBlockView() const { return view(); }  // NOLINT(google-explicit-constructor): as std::string does
  std::string_view bytes() const { return text_; }
  FieldBlockView::Iterator begin() const { return view().begin(); }
  FieldBlockView::Iterator end() const { return view().end(); }

 private:
  std::string text_;
};

/// Text known when this is compiled, and checked then to be fit for a field.
class FieldLiteral {
 public:
  template <size_t kSize>
  consteval FieldLiteral(const char (&text)[kSize])  // NOLINT(google-explicit-constructor): literals are to be passed
      : text_(text, kSize - 1) {
    for (const char c : text_) {
      if (c == '\r' || c == '\n' || c == '\0') throw "a field cannot hold CR, LF or NUL";
    }
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// A block of at most `kBytes` bytes in place, for the few fields that are written for every answer from the cache:
/// nothing is allocated. The caller sees to it that what is added fits: names and texts are literals, and numbers have
/// at most 20 characters.
template <size_t kBytes>
class FixedFieldBlock {
 public:
  FixedFieldBlock() = default;
  FixedFieldBlock(const FixedFieldBlock&) = delete;
  FixedFieldBlock& operator=(const FixedFieldBlock&) = delete;

  /// `Name: <text><number>`
  void add(FieldLiteral name, FieldLiteral text, int64_t number) {
    char* to = begin_field_line(text_.data() + size_, name.text());
    to = std::copy(text.text().begin(), text.text().end(), to);
    to = std::to_chars(to, text_.data() + kBytes, number).ptr;
    size_ = static_cast<size_t>(end_field_line(to) - text_.data());
  }
  /// `Name: <value>`, a value that was parsed or holds nothing but visible characters.
  void add_text(FieldLiteral name, std::string_view value) {
    char* to = begin_field_line(text_.data() + size_, name.text());
    to = std::copy(value.begin(), value.end(), to);
    size_ = static_cast<size_t>(end_field_line(to) - text_.data());
  }
  FieldBlockView view() const { return FieldBlockView(std::string_view(text_.data(), size_)); }
  operator FieldBlockView() const { return view(); }  // NOLINT(google-explicit-constructor)

 private:
  std::array<char, kBytes> text_;
  size_t size_ = 0;
};

}  // namespace roost::http
