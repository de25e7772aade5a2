#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost::http {

/// Header fields that Roost itself looks at. Everything else is `other` and is found by name.
enum class FieldId : uint8_t {
  other,
  accept,
  accept_encoding,
  age,
  authorization,
  cache_control,
  cache_group_invalidation,
  cache_groups,
  cache_status,
  cdn_cache_control,
  connection,
  content_encoding,
  content_length,
  content_range,
  content_type,
  cookie,
  date,
  etag,
  expect,
  expires,
  forwarded,
  host,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  keep_alive,
  last_modified,
  link,
  location,
  origin,
  pragma,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  range,
  retry_after,
  server,
  set_cookie,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  vary,
  via,
  warning,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_request_id,
};

/// The id of a field name, ASCII case ignored. A hash and one comparison.
FieldId field_id(std::string_view name);

/// ASCII case-insensitive equality, as for field names and most tokens.
bool equals_ignore_case(std::string_view a, std::string_view b);

/// One field line: views of the bytes it was parsed from; the value without surrounding white space.
struct Field {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::other;
};

/// The fields of one message in their order, duplicates kept: views, valid as long as the bytes they were parsed from.
class Fields {
 public:
  static constexpr size_t kMaxFields = 128;

  /// False when kMaxFields is reached.
  bool add(std::string_view name, std::string_view value);
  void clear() {
    size_ = 0;
    present_ = 0;
  }
  size_t size() const { return size_; }
  const Field* begin() const { return fields_.data(); }
  const Field* end() const { return fields_.data() + size_; }

  /// Whether a field of this id may be there: one bit test.
  bool has(FieldId id) const { return (present_ >> static_cast<unsigned>(id) & 1) != 0; }
  /// The first of them, null when there is none.
  const Field* find(FieldId id) const;
  const Field* find(std::string_view name) const;
  /// The first one's value; empty when there is none.
  std::string_view value(FieldId id) const;
  size_t count(FieldId id) const;
  /// All values of a list field joined by ", " (RFC 9110 §5.3); nothing when the field is absent.
  std::optional<std::string> combined(FieldId id) const;
  std::optional<std::string> combined(std::string_view name) const;

 private:
  std::array<Field, kMaxFields> fields_;
  size_t size_ = 0;
  uint64_t present_ = 0;  // one bit per FieldId
};

/// Calls `visit(token)` for each element of a comma-separated list value, trimmed, empty ones left out; commas inside
/// quoted strings do not separate (RFC 9110 §5.6.1).
template <class Visit>
void for_each_list_element(std::string_view list, Visit&& visit) {
  size_t start = 0;
  bool quoted = false;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size()) {
      if (quoted && list[i] == '\\' && i + 1 < list.size()) {
        ++i;
        continue;
      }
      if (list[i] == '"') quoted = !quoted;
      if (quoted || list[i] != ',') continue;
    }
    std::string_view element = list.substr(start, i < list.size() ? i - start : std::string_view::npos);
    start = i + 1;
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
    if (!element.empty()) visit(element);
  }
}

}  // namespace roost::http
