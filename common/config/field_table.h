#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"

namespace roost::config {

/// Where something is written. Line and column count from 1; 0 where there is none (environment, flag).
struct Place {
  std::string source = "configuration";  ///< a file's name, "environment" or "flag"
  uint32_t line = 0;
  uint32_t column = 0;
};

/// One thing wrong with a configuration.
struct Problem {
  Place place;
  std::string message;  ///< what was found, what is expected, the nearest known name
  /// "deploy/roost.toml:12:3: …", or "environment: …".
  std::string to_string() const;
};

/// Where the value of a field comes from; later ones override earlier ones.
enum class Origin : uint8_t { standard, file, environment, flag };

/// Returns what is wrong with a value, or an empty string.
using TextCheck = std::function<std::string(std::string_view)>;

/// Returns what may be printed of a text that holds a secret.
using TextMask = std::function<std::string(std::string_view)>;

/// A mask for texts that are secret as a whole: "***", or nothing for an empty text.
std::string hide_secret(std::string_view text);

/// Bounds of a number, a duration (ms) or a size (bytes), both included.
struct Range {
  int64_t least = 0;
  int64_t most = INT64_MAX;
};

/// One typed field, bound to the variable that holds its value. The variable's value at declaration is the default.
struct Field {
  struct Text {
    std::string* target;
    TextCheck check;
  };
  struct TextList {
    std::vector<std::string>* target;
    TextCheck check;  ///< of each element
  };
  struct Flag {
    bool* target;
  };
  struct Number {
    int64_t* target;
    Range range;
  };
  struct Duration {
    int64_t* target_ms;
    Range range;
  };
  struct Bytes {
    int64_t* target;
    Range range;
  };
  using Kind = std::variant<Text, TextList, Flag, Number, Duration, Bytes>;

  std::string name;
  Kind kind;
  std::string prose;      ///< one line of description
  std::string inherited;  ///< where there is no value here, the table whose value is taken ("health")
  Origin origin = Origin::standard;
  Place place;    ///< of its value
  TextMask mask;  ///< of each text that is printed; may be empty

  /// Sets the value from text, as in the environment and in flags: `60s`, `64MiB`, `true`, `a,b,c`. Unchanged on error.
  Result<void> set_text(std::string_view text);
  /// In TOML: `"1m"`, `true`, `["a", "b"]`; secrets are masked.
  std::string to_toml() const;
};

/// The fields of one table. The variables must outlive the section.
class Section {
 public:
  explicit Section(std::string name) : name_(std::move(name)) {}
  Section& text(std::string name, std::string* target, std::string prose, TextCheck check = nullptr);
  Section& list(std::string name, std::vector<std::string>* target, std::string prose, TextCheck check = nullptr);
  Section& flag(std::string name, bool* target, std::string prose);
  Section& number(std::string name, int64_t* target, Range range, std::string prose);
  Section& duration(std::string name, int64_t* target_ms, Range range_ms, std::string prose);
  Section& bytes(std::string name, int64_t* target, Range range, std::string prose);
  /// The field declared last holds a secret: `mask` is applied before it is printed.
  Section& masked(TextMask mask);
  /// Fields declared from here on take the value of the field of the same name in `table`, unless they are set.
  Section& inherits(std::string table);

  const std::string& name() const { return name_; }
  Field* find(std::string_view name);
  std::vector<Field>& fields() { return fields_; }
  const std::vector<Field>& fields() const { return fields_; }

 private:
  Section& add(std::string name, Field::Kind kind, std::string prose);
  std::string name_;
  std::string inherits_;
  std::vector<Field> fields_;
};

/// Checks that a text is one of `choices`; the error names the nearest.
TextCheck one_of(std::vector<std::string> choices);

/// The name in `known` that `wrong` most likely stands for; empty if none is similar.
std::string_view nearest_name(std::string_view wrong, const std::vector<std::string>& known);

/// The configuration of a program: tables of typed fields, `[api]`, and repeated tables, `[[pool]]`. Sources are read
/// in order of precedence: read_file, read_environment, then set_flag for each flag. Each adds mistakes to problems()
/// and goes on, so that all are reported at once. Not thread-safe; start-up only.
class FieldTable {
 public:
  static constexpr size_t kMaxFileBytes = 1 << 20;
  static constexpr size_t kMaxRepeated = 1024;  ///< elements of one [[table]]

  /// Declares `[name]`. The reference stays valid.
  Section& section(std::string name);
  /// Declares `[[name]]`: for each element, `items` grows by one T and `declare(section, item)` binds its fields.
  /// At most kMaxRepeated.
  template <class T>
  void repeated(std::string name, std::vector<T>* items, void (*declare)(Section&, T&)) {
    add_repeated(name, Repeated{[items] { items->emplace_back(); },
                                [items] { return items->size(); },
                                [name, items, declare](size_t index) {
                                  Section section(name);
                                  declare(section, (*items)[index]);
                                  return section;
                                },
                                {}});
  }
  /// A table of another program in the same file; its content is not checked.
  void ignore(std::string name);

  /// Reads a TOML file; failing to read it is a problem.
  void read_file(const std::string& path);
  void read_text(std::string_view toml, const std::string& source);
  /// Reads ROOST_<SECTION>_<FIELD> for flat sections from `NAME=value` entries (environ). A ROOST_ name of a declared
  /// section with an unknown field is a problem, unless Kubernetes made it for a service (is_service_variable). A field
  /// that is masked may be in a file instead, which ROOST_<SECTION>_<FIELD>_FILE names (read_secret).
  void read_environment(const char* const* environment);
  /// `flag` as the user wrote it ("--listen"), for messages.
  void set_flag(std::string_view section, std::string_view field, std::string_view text, std::string_view flag);
  /// Adds a mistake found by the caller, such as fields that contradict each other.
  void add_problem(std::string message, Place place = {});

  /// Where a field's value is written; of a field that is not set, nowhere. `section` and `field` are declared.
  Place place_of(std::string_view section, std::string_view field);
  /// The same for an element of a repeated table; of a field that is not set, where the element begins.
  Place place_of(const std::string& repeated, size_t index, std::string_view field);
  /// An element that the program itself has added last, for what `[section] field` says: its field `of` is shown as set
  /// there, and `[section] field` as not set.
  void moved(std::string_view section, std::string_view field, const std::string& repeated, std::string_view of);

  const std::vector<Problem>& problems() const { return problems_; }
  /// Calls `visit` with each table in the order of declaration, then with an empty element of each repeated one. Of a
  /// table that has been read nothing, since each repeated one grows by that element.
  void describe(const std::function<void(const Section& section, bool is_repeated)>& visit);
  /// The effective configuration as TOML, each value with its origin as a comment; reading it back gives the same,
  /// but for secrets, which are masked.
  std::string to_toml() const;

 private:
  struct Repeated {
    std::function<void()> grow;
    std::function<size_t()> count;
    std::function<Section(size_t)> at;
    struct Mark {
      Origin origin = Origin::standard;
      Place place;
    };
    struct Element {
      Place place;
      std::vector<Mark> fields;
    };
    std::vector<Element> elements;  ///< those read; none for elements that the program has added
  };
  struct Walker;  // of the parsed TOML; keeps toml++ out of this header
  void add_repeated(const std::string& name, Repeated repeated);
  std::vector<std::string> table_names() const;
  Section* find_section(std::string_view name);
  void read_variable(std::string_view name, std::string_view value);
  void set_from_variable(Field& field, std::string_view name, std::string_view value, bool in_file);

  std::vector<std::unique_ptr<Section>> sections_;
  std::map<std::string, Repeated> repeated_;
  std::vector<std::string> ignored_;
  std::vector<Problem> problems_;
};

}  // namespace roost::config
