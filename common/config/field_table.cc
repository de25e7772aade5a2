#include "common/config/field_table.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/core.h>
#include <toml++/toml.h>

#include "common/base/check.h"
#include "common/config/secret_file.h"
#include "common/config/service_variable.h"

namespace roost::config {
namespace {

std::string suggestion(std::string_view wrong, const std::vector<std::string>& known) {
  const std::string_view nearest = nearest_name(wrong, known);
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

std::vector<std::string> field_names(const Section& section) {
  std::vector<std::string> names;
  for (const Field& field : section.fields()) names.push_back(field.name);
  return names;
}

std::string_view expected_type(const Field& field) {
  if (std::holds_alternative<Field::TextList>(field.kind)) return "a list of strings";
  if (std::holds_alternative<Field::Flag>(field.kind)) return "true or false";
  if (std::holds_alternative<Field::Number>(field.kind)) return "a whole number";
  if (std::holds_alternative<Field::Duration>(field.kind)) return "a duration in quotes, such as \"60s\"";
  if (std::holds_alternative<Field::Bytes>(field.kind)) return "a size in quotes, such as \"64MiB\"";
  return "a string";
}

/// Sets the field; returns what is wrong with the value, if anything.
std::optional<std::string> set_from_toml(Field& field, const toml::node& node) {
  Result<void> set;
  if (std::holds_alternative<Field::Flag>(field.kind) && node.is_boolean()) {
    set = field.set_text(*node.value<bool>() ? "true" : "false");
  } else if (std::holds_alternative<Field::Number>(field.kind) && node.is_integer()) {
    set = field.set_text(std::to_string(*node.value<int64_t>()));
  } else if (!std::holds_alternative<Field::Flag>(field.kind) && !std::holds_alternative<Field::Number>(field.kind) &&
             !std::holds_alternative<Field::TextList>(field.kind) && node.is_string()) {
    set = field.set_text(*node.value<std::string_view>());
  } else {
    return fmt::format("{}: expected {}", field.name, expected_type(field));
  }
  if (!set) return fmt::format("{}: {}", field.name, set.error().what);
  return std::nullopt;
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

/// Whether the variable `name` says in which file the value of a secret is, whose own variable is `variable`.
bool is_name_of_file(std::string_view name, std::string_view variable, const Field& field) {
  return field.mask != nullptr && name.starts_with(variable) && name.substr(variable.size()) == "_FILE";
}

std::string_view origin_text(Origin origin) {
  switch (origin) {
    case Origin::file:
      return "file";
    case Origin::environment:
      return "environment";
    case Origin::flag:
      return "flag";
    case Origin::standard:
      break;
  }
  return "default";
}

std::string section_to_toml(const Section& section, std::string_view heading) {
  std::string out = fmt::format("{}\n", heading);
  for (const Field& field : section.fields())
    out += fmt::format("{} = {}  # {}\n", field.name, field.to_toml(), origin_text(field.origin));
  return out;
}

}  // namespace

std::string Problem::to_string() const {
  if (place.line == 0) return fmt::format("{}: {}", place.source, message);
  return fmt::format("{}:{}:{}: {}", place.source, place.line, place.column, message);
}

/// One pass over a parsed document. Mistakes are noted, and the walk goes on.
struct FieldTable::Walker {
  FieldTable& fields;
  const std::string& source;

  void note(const toml::source_region& where, std::string message) {
    fields.problems_.push_back(Problem{place_of(where), std::move(message)});
  }
  Place place_of(const toml::source_region& where) const { return {source, where.begin.line, where.begin.column}; }

  void walk(const toml::table& document) {
    for (const auto& [key, node] : document) visit(std::string(key.str()), key.source(), node);
  }

  void visit(const std::string& name, const toml::source_region& where, const toml::node& node) {
    if (std::find(fields.ignored_.begin(), fields.ignored_.end(), name) != fields.ignored_.end()) return;
    auto repeated = fields.repeated_.find(name);
    if (repeated != fields.repeated_.end()) return walk_repeated(name, repeated->second, node);
    Section* section = fields.find_section(name);
    if (section == nullptr)
      return note(where, fmt::format("unknown table \"{}\"{}", name, suggestion(name, fields.table_names())));
    if (!node.is_table()) return note(where, fmt::format("\"{0}\" is a table: write it as [{0}]", name));
    walk_section(*section, *node.as_table());
  }

  void walk_repeated(const std::string& name, Repeated& repeated, const toml::node& node) {
    const toml::array* elements = node.as_array();
    if (elements == nullptr)
      return note(node.source(), fmt::format("\"{0}\" is a repeated table: write it as [[{0}]]", name));
    for (const toml::node& element : *elements) {
      if (!element.is_table())
        return note(element.source(), fmt::format("\"{0}\" is a repeated table: write each element as [[{0}]]", name));
      if (repeated.count() >= kMaxRepeated)
        return note(element.source(), fmt::format("more than {} of [[{}]]", kMaxRepeated, name));
      repeated.grow();
      Section section = repeated.at(repeated.count() - 1);
      walk_section(section, *element.as_table());
      Repeated::Element& read = repeated.elements.emplace_back();
      read.place = place_of(element.source());
      for (const Field& field : section.fields()) read.fields.push_back({field.origin, field.place});
    }
  }

  void walk_section(Section& section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      Field* field = section.find(key.str());
      if (field == nullptr) {
        note(key.source(), fmt::format("unknown key \"{}\" in [{}]{}", key.str(), section.name(),
                                       suggestion(key.str(), field_names(section))));
        continue;
      }
      if (std::holds_alternative<Field::TextList>(field->kind)) {
        set_list(*field, node);
      } else if (auto wrong = set_from_toml(*field, node)) {
        note(node.source(), std::move(*wrong));
        continue;
      }
      field->origin = Origin::file;
      field->place = place_of(node.source());
    }
  }

  void set_list(Field& field, const toml::node& node) {
    if (!node.is_array()) return note(node.source(), fmt::format("{}: expected {}", field.name, expected_type(field)));
    const auto& list = std::get<Field::TextList>(field.kind);
    std::vector<std::string> values;
    for (const toml::node& element : *node.as_array()) {
      const auto text = element.value<std::string_view>();
      std::string wrong = !text ? "expected a string" : list.check ? list.check(*text) : "";
      if (wrong.empty()) {
        values.emplace_back(*text);
      } else {
        note(element.source(), fmt::format("{}: {}", field.name, wrong));
      }
    }
    *list.target = std::move(values);
  }
};

Section& FieldTable::section(std::string name) {
  ROOST_CHECK(find_section(name) == nullptr);
  return *sections_.emplace_back(std::make_unique<Section>(std::move(name)));
}

void FieldTable::add_repeated(const std::string& name, Repeated repeated) {
  ROOST_CHECK(repeated_.emplace(name, std::move(repeated)).second);
}

void FieldTable::ignore(std::string name) {
  ignored_.push_back(std::move(name));
}

std::vector<std::string> FieldTable::table_names() const {
  std::vector<std::string> names = ignored_;
  for (const auto& section : sections_) names.push_back(section->name());
  for (const auto& [name, repeated] : repeated_) names.push_back(name);
  return names;
}

Section* FieldTable::find_section(std::string_view name) {
  for (const auto& section : sections_) {
    if (section->name() == name) return section.get();
  }
  return nullptr;
}

void FieldTable::read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    problems_.push_back(Problem{{path}, fmt::format("cannot be read: {}", std::strerror(errno))});
    return;
  }
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  const bool broken = std::ferror(file) != 0;
  std::fclose(file);
  if (broken) {
    problems_.push_back(Problem{{path}, "cannot be read: is it a file?"});
  } else if (text.size() > kMaxFileBytes) {
    problems_.push_back(Problem{{path}, fmt::format("larger than {} bytes", kMaxFileBytes)});
  } else {
    read_text(text, path);
  }
}

void FieldTable::read_text(std::string_view toml, const std::string& source) {
  try {
    const toml::table document = toml::parse(toml, source);
    Walker{*this, source}.walk(document);
  } catch (const toml::parse_error& error) {
    const auto& where = error.source().begin;
    problems_.push_back(Problem{{source, where.line, where.column}, std::string(error.description())});
  }
  std::stable_sort(problems_.begin(), problems_.end(), [&](const Problem& a, const Problem& b) {
    const auto position = [](const Problem& problem) { return std::pair(problem.place.line, problem.place.column); };
    return a.place.source == source && b.place.source == source && position(a) < position(b);
  });
}

void FieldTable::read_environment(const char* const* environment) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const size_t equals = entry.find('=');
    if (entry.starts_with("ROOST_") && equals != std::string_view::npos)
      read_variable(entry.substr(0, equals), entry.substr(equals + 1));
  }
}

void FieldTable::read_variable(std::string_view name, std::string_view value) {
  const Section* owner = nullptr;
  std::vector<std::string> known;
  for (const auto& section : sections_) {
    const std::string prefix = "ROOST_" + upper_case(section->name()) + "_";
    if (!name.starts_with(prefix)) continue;
    owner = section.get();
    for (Field& field : section->fields()) {
      known.push_back(prefix + upper_case(field.name));
      const bool in_file = is_name_of_file(name, known.back(), field);
      if (known.back() == name || in_file) return set_from_variable(field, name, value, in_file);
    }
  }
  if (owner != nullptr && !is_service_variable(name, value))
    problems_.push_back(Problem{{"environment"}, fmt::format("unknown variable {}{}", name, suggestion(name, known))});
}

void FieldTable::set_from_variable(Field& field, std::string_view name, std::string_view value, bool in_file) {
  const auto wrong = [&](const std::string& what) {
    problems_.push_back(Problem{{"environment"}, fmt::format("{}: {}", name, what)});
  };
  if (field.origin == Origin::environment) return wrong("given twice: as a value and in a file");
  const Result<std::string> text = in_file ? read_secret(std::string(value)) : std::string(value);
  if (!text) return wrong(text.error().what);
  if (auto set = field.set_text(*text); !set) return wrong(set.error().what);
  field.origin = Origin::environment;
  field.place = {"environment"};
}

void FieldTable::set_flag(std::string_view section, std::string_view field, std::string_view text,
                          std::string_view flag) {
  Section* owner = find_section(section);
  ROOST_CHECK(owner != nullptr);
  Field* target = owner->find(field);
  ROOST_CHECK(target != nullptr);
  if (auto set = target->set_text(text); !set) {
    problems_.push_back(Problem{{"flag"}, fmt::format("{}: {}", flag, set.error().what)});
    return;
  }
  target->origin = Origin::flag;
  target->place = {"flag"};
}

void FieldTable::add_problem(std::string message, Place place) {
  problems_.push_back(Problem{std::move(place), std::move(message)});
}

Place FieldTable::place_of(std::string_view section, std::string_view field) {
  Section* owner = find_section(section);
  ROOST_CHECK(owner != nullptr);
  const Field* found = owner->find(field);
  ROOST_CHECK(found != nullptr);
  return found->place;
}

Place FieldTable::place_of(const std::string& repeated, size_t index, std::string_view field) {
  const Repeated& table = repeated_.at(repeated);
  if (index >= table.elements.size()) return {};
  const Repeated::Element& element = table.elements[index];
  Section section = table.at(index);
  for (size_t i = 0; i < element.fields.size(); ++i) {
    if (section.fields()[i].name == field && element.fields[i].origin != Origin::standard)
      return element.fields[i].place;
  }
  return element.place;
}

void FieldTable::moved(std::string_view section, std::string_view field, const std::string& repeated,
                       std::string_view of) {
  Field* source = find_section(section)->find(field);
  Repeated& table = repeated_.at(repeated);
  ROOST_CHECK(source != nullptr && table.count() > 0);
  table.elements.resize(table.count());
  Section target = table.at(table.count() - 1);
  for (const Field& each : target.fields()) {
    Repeated::Mark mark;
    if (each.name == of) mark = {source->origin, source->place};
    table.elements.back().fields.push_back(std::move(mark));
  }
  table.elements.back().place = source->place;
  source->origin = Origin::standard;
}

void FieldTable::describe(const std::function<void(const Section& section, bool is_repeated)>& visit) {
  for (const auto& section : sections_) visit(*section, false);
  for (auto& [name, repeated] : repeated_) {
    repeated.grow();
    visit(repeated.at(repeated.count() - 1), true);
  }
}

std::string FieldTable::to_toml() const {
  std::string out;
  for (const auto& section : sections_)
    out += (out.empty() ? "" : "\n") + section_to_toml(*section, fmt::format("[{}]", section->name()));
  for (const auto& [name, repeated] : repeated_) {
    for (size_t i = 0; i < repeated.count(); ++i) {
      Section section = repeated.at(i);
      for (size_t k = 0; i < repeated.elements.size() && k < repeated.elements[i].fields.size(); ++k)
        section.fields()[k].origin = repeated.elements[i].fields[k].origin;
      out += (out.empty() ? "" : "\n") + section_to_toml(section, fmt::format("[[{}]]", name));
    }
  }
  return out;
}

}  // namespace roost::config
