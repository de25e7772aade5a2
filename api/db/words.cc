#include "api/db/words.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <unordered_set>

#include <utf8proc.h>

namespace roost::api {
namespace {

struct FreeText {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

bool is_word_part(utf8proc_int32_t point) {
  if (point == '_') return true;
  const utf8proc_category_t category = utf8proc_category(point);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/// Han and kana: one word per character.
bool is_word_alone(utf8proc_int32_t point) {
  return (point >= 0x3040 && point <= 0x30ff) || (point >= 0x3400 && point <= 0x4dbf) ||
         (point >= 0x4e00 && point <= 0x9fff) || (point >= 0xf900 && point <= 0xfaff) ||
         (point >= 0x20000 && point <= 0x3ffff);
}

/// Collects words without duplicates.
class WordList {
 public:
  void extend(std::string_view bytes) {
    if (word_.size() + bytes.size() <= kMaxWordBytes) word_.append(bytes);
  }
  void end() {
    if (!word_.empty() && seen_.insert(word_).second) words_.push_back(word_);
    word_.clear();
  }
  std::vector<std::string> take() {
    end();
    return std::move(words_);
  }

 private:
  std::string word_;
  std::vector<std::string> words_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

std::string fold_text(std::string_view text) {
  utf8proc_uint8_t* raw = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  const utf8proc_ssize_t bytes = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                              static_cast<utf8proc_ssize_t>(text.size()), &raw, options);
  const std::unique_ptr<utf8proc_uint8_t, FreeText> folded(raw);
  if (bytes < 0) return std::string(text);
  return {reinterpret_cast<const char*>(folded.get()), static_cast<size_t>(bytes)};
}

std::vector<std::string> extract_words(std::string_view text) {
  const std::string folded = fold_text(text);
  WordList words;
  for (size_t at = 0; at < folded.size();) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(folded.data() + at),
                                                    static_cast<utf8proc_ssize_t>(folded.size() - at), &point);
    const size_t length = taken > 0 ? static_cast<size_t>(taken) : 1;
    const bool part = taken > 0 && is_word_part(point);
    if (!part || is_word_alone(point)) words.end();
    if (part) words.extend(std::string_view(folded).substr(at, length));
    if (part && is_word_alone(point)) words.end();
    at += length;
  }
  return words.take();
}

}  // namespace roost::api
