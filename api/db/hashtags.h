#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roost::api {

constexpr size_t kMaxHashtagBytes = 100;  ///< longer ones are plain text
constexpr size_t kMaxHashtags = 30;       ///< of one tweet; further ones are plain text

/// The hashtags of a text: '#' at the start or after a character that is not part of a word, then letters, digits and
/// underscores, not only digits; every character outside ASCII counts as a letter. Folded, in order of appearance,
/// without duplicates and without '#'.
std::vector<std::string> extract_hashtags(std::string_view text);

}  // namespace roost::api
