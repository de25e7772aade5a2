#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roost::api {

/// The values of a statement's parameters, $1 first, in PostgreSQL's binary format: nothing is ever quoted or escaped,
/// and an array is one parameter. Text is valid UTF-8 without NUL (is_postgres_text).
class PgParams {
 public:
  PgParams& add(int64_t value);
  PgParams& add(std::string_view text);
  PgParams& add(std::span<const std::string> texts);
  PgParams& add(std::span<const int64_t> values);

  int count() const { return static_cast<int>(values_.size()); }
  /// What PQsendQueryParams takes; borrowed from here.
  struct Raw {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
  };
  Raw raw() const;
  const unsigned* types() const { return types_.data(); }

 private:
  PgParams& add_bytes(unsigned type, std::string bytes);
  std::vector<std::string> values_;
  std::vector<unsigned> types_;
};

/// Whether PostgreSQL can hold `text`: UTF-8 without NUL. Anything else matches nothing that is stored there.
bool is_postgres_text(std::string_view text);

/// The tsquery that matches all of `words`, each literally.
std::string tsquery_of_all(std::span<const std::string> words);

}  // namespace roost::api
