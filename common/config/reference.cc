#include "common/config/reference.h"

#include <fmt/format.h>

#include "common/base/units.h"

namespace roost::config {
namespace {

/// Both bounds, the upper one where it is one.
std::string bounds(Range range, std::string (*show)(int64_t)) {
  if (range.most == INT64_MAX) return fmt::format(", {} or more", show(range.least));
  return fmt::format(", {} to {}", show(range.least), show(range.most));
}

std::string show_number(int64_t value) {
  return std::to_string(value);
}

std::string values(const Field& field) {
  if (const auto* number = std::get_if<Field::Number>(&field.kind))
    return "number" + bounds(number->range, show_number);
  if (const auto* time = std::get_if<Field::Duration>(&field.kind))
    return "duration" + bounds(time->range, format_duration_ms);
  if (const auto* size = std::get_if<Field::Bytes>(&field.kind)) return "size" + bounds(size->range, format_bytes);
  if (std::holds_alternative<Field::TextList>(field.kind)) return "list of strings";
  return std::holds_alternative<Field::Flag>(field.kind) ? "true or false" : "string";
}

std::string in_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string row(const Section& section, const Field& field, const std::vector<FieldFlag>& flags) {
  const std::string standard =
      field.inherited.empty() ? fmt::format("`{}`", field.to_toml()) : fmt::format("that of `[{}]`", field.inherited);
  std::string meaning = field.prose;
  if (field.mask) meaning += "; a secret in it is never printed";
  for (const FieldFlag& flag : flags) {
    if (flag.section == section.name() && flag.field == field.name) meaning += fmt::format("; flag `{}`", flag.flag);
  }
  return fmt::format("| `{}` | {} | {} | {} |\n", field.name, in_cell(standard), values(field), in_cell(meaning));
}

}  // namespace

std::string reference(FieldTable& table, const std::vector<FieldFlag>& flags) {
  std::string out;
  table.describe([&](const Section& section, bool is_repeated) {
    const std::string heading =
        is_repeated ? fmt::format("[[{}]]", section.name()) : fmt::format("[{}]", section.name());
    out += fmt::format("\n### `{}`\n\n", heading);
    out += "| key | default | value | meaning |\n|---|---|---|---|\n";
    for (const Field& field : section.fields()) out += row(section, field, flags);
  });
  return out;
}

}  // namespace roost::config
