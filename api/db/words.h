#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roost::api {

constexpr size_t kMaxWordBytes = 100;   ///< of a folded word; the rest of a longer one is not looked at
constexpr size_t kMaxSearchWords = 16;  ///< of a query; further ones are passed over

/// Text as it is compared: Unicode's NFKC_Casefold (UAX #31), so that "STRASSE", "Straße" and full-width letters are
/// one. What is not UTF-8 stays as it is. Both databases store and compare what this makes, so that they give the same
/// answers whatever their locale.
std::string fold_text(std::string_view text);

/// The words of a text, folded, in order of appearance, each once: runs of letters, marks, digits and underscores.
/// Scripts that are written without spaces (Han, kana) give a word per character. Both databases index exactly these.
std::vector<std::string> extract_words(std::string_view text);

}  // namespace roost::api
