#include "common/observe/json_text.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::observe;

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("text is escaped as RFC 8259 asks") {
  CHECK_EQ(quoted(""), "\"\"");
  CHECK_EQ(quoted("/like/123?q=ä€😀"), "\"/like/123?q=ä€😀\"");
  CHECK_EQ(quoted("a\"b\\c\n\r\t"), "\"a\\\"b\\\\c\\n\\r\\t\"");
  CHECK_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\\u007f\"");
}

TEST_CASE("what is not UTF-8 becomes U+FFFD") {
  for (const std::string_view bad : {"\xff", "\x80", "\xc3", "\xc0", "\xf5"}) {
    CHECK_EQ(quoted("a" + std::string(bad)), "\"a\uFFFD\"");
  }
  CHECK_EQ(quoted("\xc0\xaf"), "\"\uFFFD\uFFFD\"");                      // overlong
  CHECK_EQ(quoted("\xe0\x80\xaf"), "\"\uFFFD\uFFFD\uFFFD\"");            // overlong
  CHECK_EQ(quoted("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");            // a surrogate
  CHECK_EQ(quoted("\xf4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");  // beyond U+10FFFF
  CHECK_EQ(quoted("\xe2\x82z"), "\"\uFFFD\uFFFDz\"");                    // cut short
}
