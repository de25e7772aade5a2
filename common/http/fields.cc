#include "common/http/fields.h"

namespace roost::http {
namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// In the order of FieldId.
constexpr std::string_view kNames[] = {
    "",
    "accept",
    "accept-encoding",
    "age",
    "authorization",
    "cache-control",
    "cache-group-invalidation",
    "cache-groups",
    "cache-status",
    "cdn-cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
};
constexpr size_t kNameCount = std::size(kNames);
static_assert(kNameCount == static_cast<size_t>(FieldId::x_request_id) + 1);
static_assert(kNameCount <= 64, "Fields keeps one bit for each");

constexpr size_t kTableSlots = 256;
constexpr size_t kMaxNameBytes = 24;

constexpr size_t hash(std::string_view name) {
  const auto first = static_cast<size_t>(name.front() | 0x20);
  const auto middle = static_cast<size_t>(name[name.size() / 2] | 0x20);
  const auto last = static_cast<size_t>(name.back() | 0x20);
  return (first * 7 + middle * 31 + last * 131 + name.size() * 17) % kTableSlots;
}

struct Table {
  std::array<uint8_t, kTableSlots> ids{};
};

// Open addressing with linear probing, filled at compile time.
constexpr Table make_table() {
  Table table;
  for (size_t id = 1; id < kNameCount; ++id) {
    size_t slot = hash(kNames[id]);
    while (table.ids[slot] != 0) slot = (slot + 1) % kTableSlots;
    table.ids[slot] = static_cast<uint8_t>(id);
  }
  return table;
}
constexpr Table kTable = make_table();

}  // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

namespace {

// Against a known name, which is of lower-case letters and '-': no other token character becomes one of those with this
// bit set.
bool is_known_name(std::string_view known, std::string_view name) {
  if (known.size() != name.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < name.size(); ++i) difference |= (static_cast<unsigned char>(name[i]) | 0x20U) ^ known[i];
  return difference == 0;
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return FieldId::other;
  for (size_t slot = hash(name); kTable.ids[slot] != 0; slot = (slot + 1) % kTableSlots) {
    const uint8_t id = kTable.ids[slot];
    if (is_known_name(kNames[id], name)) return static_cast<FieldId>(id);
  }
  return FieldId::other;
}

bool Fields::add(std::string_view name, std::string_view value) {
  if (size_ == kMaxFields) return false;
  const FieldId id = field_id(name);
  fields_[size_++] = {name, value, id};
  present_ |= uint64_t{1} << static_cast<unsigned>(id);
  return true;
}

const Field* Fields::find(FieldId id) const {
  if (!has(id)) return nullptr;
  for (const Field& field : *this) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const {
  for (const Field& field : *this) {
    if (equals_ignore_case(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view Fields::value(FieldId id) const {
  const Field* field = find(id);
  return field == nullptr ? std::string_view() : field->value;
}

size_t Fields::count(FieldId id) const {
  size_t count = 0;
  for (const Field& field : *this) count += field.id == id;
  return count;
}

std::optional<std::string> Fields::combined(FieldId id) const {
  const Field* first = find(id);
  return first == nullptr ? std::nullopt : combined(first->name);
}

std::optional<std::string> Fields::combined(std::string_view name) const {
  std::optional<std::string> all;
  for (const Field& field : *this) {
    if (!equals_ignore_case(field.name, name)) continue;
    if (all) {
      all->append(", ").append(field.value);
    } else {
      all.emplace(field.value);
    }
  }
  return all;
}

}  // namespace roost::http
