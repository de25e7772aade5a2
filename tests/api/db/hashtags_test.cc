#include "api/db/hashtags.h"

#include <doctest/doctest.h>

using namespace roost::api;
using Tags = std::vector<std::string>;

TEST_CASE("hashtags of a text") {
  CHECK(extract_hashtags("Hello #World, #two_2 and (#three)") == Tags{"world", "two_2", "three"});
  CHECK(extract_hashtags("#same #SAME #Same") == Tags{"same"});
  CHECK(extract_hashtags("no#tag a#b # #! ##") == Tags{});
  CHECK(extract_hashtags("#123 #1a") == Tags{"1a"});
  CHECK(extract_hashtags("##double") == Tags{"double"});
  CHECK(extract_hashtags("#caf\xC3\xA9!") == Tags{"caf\xC3\xA9"});
  CHECK(extract_hashtags("") == Tags{});
}

TEST_CASE("hashtags are bounded in length and number") {
  CHECK(extract_hashtags("#" + std::string(kMaxHashtagBytes, 'a')).size() == 1);
  CHECK(extract_hashtags("#" + std::string(kMaxHashtagBytes + 1, 'a')).empty());
  std::string text;
  for (size_t i = 0; i < kMaxHashtags + 5; ++i) text += "#t" + std::to_string(i) + " ";
  CHECK(extract_hashtags(text).size() == kMaxHashtags);
}
