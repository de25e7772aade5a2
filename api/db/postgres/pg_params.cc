#include "api/db/postgres/pg_params.h"

#include <utf8proc.h>

namespace roost::api {
namespace {

// Object identifiers of types, fixed in PostgreSQL's catalogue (pg_type.dat).
constexpr unsigned kInt8 = 20;
constexpr unsigned kText = 25;
constexpr unsigned kTextArray = 1009;
constexpr unsigned kInt8Array = 1016;

template <class T>
void append_big_endian(std::string& bytes, T value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
    bytes += static_cast<char>(static_cast<uint64_t>(value) >> shift & 0xff);
}

/// An array's head (array_send of PostgreSQL): dimensions, whether there are nulls, type; then length and lower bound.
std::string array_head(unsigned element_type, size_t count) {
  std::string bytes;
  append_big_endian<int32_t>(bytes, count == 0 ? 0 : 1);
  append_big_endian<int32_t>(bytes, 0);
  append_big_endian<uint32_t>(bytes, element_type);
  if (count == 0) return bytes;
  append_big_endian(bytes, static_cast<int32_t>(count));
  append_big_endian<int32_t>(bytes, 1);
  return bytes;
}

}  // namespace

PgParams& PgParams::add_bytes(unsigned type, std::string bytes) {
  values_.push_back(std::move(bytes));
  types_.push_back(type);
  return *this;
}

PgParams& PgParams::add(int64_t value) {
  std::string bytes;
  append_big_endian(bytes, value);
  return add_bytes(kInt8, std::move(bytes));
}

PgParams& PgParams::add(std::string_view text) {
  return add_bytes(kText, std::string(text));
}

PgParams& PgParams::add(std::span<const std::string> texts) {
  std::string bytes = array_head(kText, texts.size());
  for (const std::string& text : texts) {
    append_big_endian(bytes, static_cast<int32_t>(text.size()));
    bytes += text;
  }
  return add_bytes(kTextArray, std::move(bytes));
}

PgParams& PgParams::add(std::span<const int64_t> values) {
  std::string bytes = array_head(kInt8, values.size());
  for (const int64_t value : values) {
    append_big_endian<int32_t>(bytes, sizeof value);
    append_big_endian(bytes, value);
  }
  return add_bytes(kInt8Array, std::move(bytes));
}

PgParams::Raw PgParams::raw() const {
  Raw raw;
  for (const std::string& value : values_) {
    raw.values.push_back(value.data());
    raw.lengths.push_back(static_cast<int>(value.size()));
    raw.formats.push_back(1);
  }
  return raw;
}

bool is_postgres_text(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t point = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
    const utf8proc_ssize_t taken = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (taken <= 0 || point == 0) return false;
    at += static_cast<size_t>(taken);
  }
  return true;
}

std::string tsquery_of_all(std::span<const std::string> words) {
  std::string query;
  for (const std::string& word : words) {
    query += query.empty() ? "'" : " & '";
    for (const char c : word) {
      if (c == '\'' || c == '\\') query += c;  // escaped by doubling
      query += c;
    }
    query += '\'';
  }
  return query;
}

}  // namespace roost::api
