#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roost::api {

constexpr size_t kMaxWordBytes = 100;   ///< of a folded word; longer ones are cut
constexpr size_t kMaxSearchWords = 16;  ///< of a query; further ones are ignored

/// The form of a text used in comparisons: Unicode's NFKC_Casefold (UAX #31), so that "STRASSE", "Straße" and
/// full-width letters are equal. Text that is not UTF-8 is returned unchanged. Both databases store and compare folded
/// text, so that results do not depend on their locale.
std::string fold_text(std::string_view text);

/// The words of a text, folded, in order of appearance, without duplicates: runs of letters, marks, digits and
/// underscores. Scripts written without spaces (Han, kana) give one word per character. Both databases index these.
std::vector<std::string> extract_words(std::string_view text);

}  // namespace roost::api
