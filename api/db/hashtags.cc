#include "api/db/hashtags.h"

#include <algorithm>

#include "api/db/words.h"

namespace roost::api {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::vector<std::string> extract_hashtags(std::string_view text) {
  std::vector<std::string> tags;
  for (size_t i = 0; i < text.size() && tags.size() < kMaxHashtags; ++i) {
    if (text[i] != '#' || (i > 0 && is_word(text[i - 1]))) continue;
    const size_t start = i + 1;
    size_t end = start;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view tag = text.substr(start, end - start);
    i = end > start ? end - 1 : i;
    if (tag.size() > kMaxHashtagBytes || std::all_of(tag.begin(), tag.end(), is_digit)) continue;
    std::string folded = fold_text(tag);
    if (std::find(tags.begin(), tags.end(), folded) == tags.end()) tags.push_back(std::move(folded));
  }
  return tags;
}

}  // namespace roost::api
