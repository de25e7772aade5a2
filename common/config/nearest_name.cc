#include <algorithm>
#include <numeric>

#include "common/config/field_table.h"

namespace roost::config {
namespace {

/// Levenshtein distance: insertions, deletions and substitutions from one to the other.
size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t substituted = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row[to.size()];
}

constexpr size_t kMaxComparedBytes = 64;  // longer text is not a mistyped name

}  // namespace

std::string_view nearest_name(std::string_view wrong, const std::vector<std::string>& known) {
  if (wrong.size() > kMaxComparedBytes) return {};
  std::string_view nearest;
  size_t nearest_distance = std::max<size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : known) {
    const size_t distance = edit_distance(wrong, name);
    if (distance >= nearest_distance || distance >= name.size()) continue;
    nearest = name;
    nearest_distance = distance;
  }
  return nearest;
}

}  // namespace roost::config
