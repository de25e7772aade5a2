#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/check.h"
#include "common/base/units.h"
#include "common/config/field_table.h"

namespace roost::config {
namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Match(Cases...) -> Match<Cases...>;

Result<void> check_text(const TextCheck& check, std::string_view value) {
  if (!check) return {};
  std::string wrong = check(value);
  if (wrong.empty()) return {};
  return fail(std::move(wrong));
}

Result<void> set_in_range(int64_t* target, int64_t value, Range range, std::string (*show)(int64_t)) {
  if (value < range.least) return fail(fmt::format("{} is too small, at least {}", show(value), show(range.least)));
  if (value > range.most) return fail(fmt::format("{} is too large, at most {}", show(value), show(range.most)));
  *target = value;
  return {};
}

std::string show_number(int64_t value) {
  return std::to_string(value);
}

Result<void> set_number(const Field::Number& number, std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(fmt::format("\"{}\": expected a whole number", text));
  return set_in_range(number.target, value, number.range, show_number);
}

Result<void> set_list(const Field::TextList& list, std::string_view text) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view element = text.substr(0, comma);
    if (auto checked = check_text(list.check, element); !checked) return checked;
    values.emplace_back(element);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  *list.target = std::move(values);
  return {};
}

Result<void> set_flag_text(const Field::Flag& flag, std::string_view text) {
  if (text != "true" && text != "false") return fail(fmt::format("\"{}\": expected true or false", text));
  *flag.target = text == "true";
  return {};
}

Result<void> set_unit(Result<int64_t> parsed, int64_t* target, Range range, std::string (*show)(int64_t)) {
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  return set_in_range(target, *parsed, range, show);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string hide_secret(std::string_view text) {
  return text.empty() ? "" : "***";
}

Result<void> Field::set_text(std::string_view text) {
  return std::visit(
      Match{[&](Text& field) -> Result<void> {
              if (auto checked = check_text(field.check, text); !checked) return checked;
              *field.target = text;
              return {};
            },
            [&](TextList& field) { return set_list(field, text); },
            [&](Flag& field) { return set_flag_text(field, text); },
            [&](Number& field) { return set_number(field, text); },
            [&](Duration& field) {
              return set_unit(parse_duration_ms(text), field.target_ms, field.range, format_duration_ms);
            },
            [&](Bytes& field) { return set_unit(parse_bytes(text), field.target, field.range, format_bytes); }},
      kind);
}

std::string Field::to_toml() const {
  const auto shown = [this](const std::string& text) { return in_quotes(mask ? mask(text) : text); };
  return std::visit(Match{[&](const Text& field) { return shown(*field.target); },
                          [&](const TextList& field) {
                            std::string out = "[";
                            for (const std::string& value : *field.target)
                              out += (out.size() > 1 ? ", " : "") + shown(value);
                            return out + "]";
                          },
                          [](const Flag& field) { return std::string(*field.target ? "true" : "false"); },
                          [](const Number& field) { return std::to_string(*field.target); },
                          [](const Duration& field) { return in_quotes(format_duration_ms(*field.target_ms)); },
                          [](const Bytes& field) { return in_quotes(format_bytes(*field.target)); }},
                    kind);
}

Section& Section::add(std::string name, Field::Kind kind, std::string prose) {
  ROOST_CHECK(find(name) == nullptr);
  fields_.push_back(
      Field{std::move(name), std::move(kind), std::move(prose), inherits_, Origin::standard, {}, nullptr});
  return *this;
}

Section& Section::masked(TextMask mask) {
  ROOST_CHECK(!fields_.empty());
  fields_.back().mask = std::move(mask);
  return *this;
}

Section& Section::inherits(std::string table) {
  inherits_ = std::move(table);
  return *this;
}

Section& Section::text(std::string name, std::string* target, std::string prose, TextCheck check) {
  return add(std::move(name), Field::Text{target, std::move(check)}, std::move(prose));
}

Section& Section::list(std::string name, std::vector<std::string>* target, std::string prose, TextCheck check) {
  return add(std::move(name), Field::TextList{target, std::move(check)}, std::move(prose));
}

Section& Section::flag(std::string name, bool* target, std::string prose) {
  return add(std::move(name), Field::Flag{target}, std::move(prose));
}

Section& Section::number(std::string name, int64_t* target, Range range, std::string prose) {
  return add(std::move(name), Field::Number{target, range}, std::move(prose));
}

Section& Section::duration(std::string name, int64_t* target_ms, Range range_ms, std::string prose) {
  return add(std::move(name), Field::Duration{target_ms, range_ms}, std::move(prose));
}

Section& Section::bytes(std::string name, int64_t* target, Range range, std::string prose) {
  return add(std::move(name), Field::Bytes{target, range}, std::move(prose));
}

Field* Section::find(std::string_view name) {
  for (Field& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

TextCheck one_of(std::vector<std::string> choices) {
  return [choices = std::move(choices)](std::string_view value) -> std::string {
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return "";
    std::string expected;
    for (const std::string& choice : choices) expected += (expected.empty() ? "\"" : ", \"") + choice + "\"";
    const std::string_view nearest = nearest_name(value, choices);
    return fmt::format("\"{}\": expected one of {}{}", value, expected,
                       nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
  };
}

}  // namespace roost::config
