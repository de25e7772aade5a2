#include "api/db/words.h"

#include <doctest/doctest.h>

using namespace roost::api;
using Words = std::vector<std::string>;

TEST_CASE("text is folded over case and compatibility forms") {
  CHECK(fold_text("Hello") == "hello");
  CHECK(fold_text("ÅRHUS Straße") == "århus strasse");
  CHECK(fold_text("Ｒｏｏｓｔ") == "roost");
  CHECK(fold_text("A\u030Arhus") == fold_text("Århus"));
  CHECK(fold_text("") == "");
  CHECK(fold_text("\xff\xfe") == "\xff\xfe");
}

TEST_CASE("words are runs of letters, marks, digits and underscores, each once") {
  CHECK(extract_words("Hello, hello WORLD! it's 42 snake_case") ==
        Words{"hello", "world", "it", "s", "42", "snake_case"});
  CHECK(extract_words("  ... !? ").empty());
  CHECK(extract_words("#Roost is FAST").front() == "roost");
  CHECK(extract_words("Привет ΣΊΣΥΦΟΣ") == Words{"привет", "σίσυφοσ"});
}

TEST_CASE("scripts without spaces give a word per character") {
  CHECK(extract_words("東京 is") == Words{"東", "京", "is"});
}

TEST_CASE("a long word is cut at its limit, and never within a character") {
  CHECK(extract_words(std::string(500, 'a')) == Words{std::string(kMaxWordBytes, 'a')});
  const std::string wide = extract_words(std::string(99, 'a') + "é").front();
  CHECK(wide == std::string(99, 'a'));
}
