#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roost::api {

constexpr size_t kMaxHashtagBytes = 100;  ///< what is longer is no hashtag
constexpr size_t kMaxHashtags = 30;       ///< of one tweet; further ones are plain text

/// The hashtags of a text: '#' at the start or behind something that cannot be part of a word, then letters, digits and
/// underscores, not digits alone; everything outside ASCII counts as a letter. Folded, in order of appearance, each
/// once, without '#'.
std::vector<std::string> extract_hashtags(std::string_view text);

}  // namespace roost::api
