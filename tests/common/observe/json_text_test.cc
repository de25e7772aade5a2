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

struct Reading {
  std::string members;
  bool complete = false;
};

// "key=text;" or "key:integer;" or "key?;" for each member.
Reading read(std::string_view object) {
  FlatJsonReader reader(object);
  JsonMember member;
  Reading reading;
  while (reader.next(member)) {
    reading.members += member.key;
    if (member.kind == JsonMember::Kind::text) reading.members += "=" + member.text;
    if (member.kind == JsonMember::Kind::integer) reading.members += ":" + std::to_string(member.integer);
    if (member.kind == JsonMember::Kind::other) reading.members += "?";
    reading.members += ";";
  }
  reading.complete = reader.complete();
  return reading;
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

TEST_CASE("a flat object is read member by member") {
  const Reading all = read(R"( {"a":"x","b" : -12 ,"c":1.5,"d":true,"e":null,"f":99999999999999999999} )");
  CHECK_EQ(all.members, "a=x;b:-12;c?;d?;e?;f?;");
  CHECK(all.complete);
  CHECK(read("{}").complete);
  CHECK(read(" { } ").complete);
  CHECK_EQ(read(R"({"\u0041\n":"\"\\\/\b\f\n\r\t\u00e4\u20ac\ud83d\ude00"})").members, "A\n=\"\\/\b\f\n\r\tä€😀;");
}

TEST_CASE("what is no flat object is not complete") {
  for (const char* bad : {"",
                          "{",
                          "}",
                          "[]",
                          "{\"a\"",
                          "{\"a\":",
                          "{\"a\":1",
                          "{\"a\":1,",
                          "{\"a\":1,}",
                          "{\"a\":}",
                          "{\"a\" 1}",
                          "{a:1}",
                          "{\"a\":{}}",
                          "{\"a\":[1]}",
                          "{\"a\":\"x}",
                          "{\"a\":\"\\x\"}",
                          "{\"a\":\"\\u12\"}",
                          "{\"a\":\"\\ud800\"}",
                          "{\"a\":\"\\ud800\\u0041\"}",
                          "{\"a\":\"\\udc00\"}",
                          "{\"a\":\"\n\"}",
                          "{\"a\":1}x",
                          "{\"a\":1 \"b\":2}",
                          "{,}",
                          "{\"a\":\"\\u-123\"}",
                          "{}{"}) {
    INFO(bad);
    CHECK_FALSE(read(bad).complete);
  }
}
