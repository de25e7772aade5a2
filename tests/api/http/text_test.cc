#include "api/http/text.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("characters are code points of valid UTF-8") {
  CHECK(count_characters("") == 0U);
  CHECK(count_characters("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6") == 4U);
  for (const char* bad : {"\xff", "\xc3", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    CHECK_FALSE(count_characters(bad));
}

TEST_CASE("control characters") {
  for (const char* plain : {"", "plain", "\xC3\xA9", "\xC2\xA0"}) CHECK_FALSE(has_control_characters(plain, false));
  for (const char* bad : {"\x01", "a\x1bz", "\x7f", "\xC2\x80", "\xC2\x9F"}) {
    CHECK(has_control_characters(bad, false));
    CHECK(has_control_characters(bad, true));
  }
  CHECK(has_control_characters(std::string_view("a\0b", 3), true));
  CHECK(has_control_characters("a\nb", false));
  CHECK_FALSE(has_control_characters("a\nb\tc\r", true));
}

TEST_CASE("the shape of an e-mail address") {
  const std::string local(64, 'a');
  const std::string label(63, 'b');
  for (const std::string& good : {std::string("a@b.co"), std::string("o'neil+tag@mail.example.org"), local + "@b.co",
                                  "a@" + label + ".co", std::string("j\xC3\xBCrgen@b\xC3\xBC.de")})
    CHECK(is_email_shaped(good));
  for (const std::string& bad :
       {std::string(""),           std::string("a"),       std::string("@b.co"),     std::string("a@"),
        std::string("a@b"),        std::string("a@b."),    std::string("a@.b"),      std::string("a@b..co"),
        std::string("a@-b.co"),    std::string("a@b-.co"), std::string("a b@c.de"),  std::string("a@b@c.de"),
        std::string(".a@b.co"),    std::string("a.@b.co"), std::string("a..b@c.de"), std::string("<a>@b.co"),
        std::string("\"a\"@b.co"), std::string("a@b.c/d"), local + "a@b.co",         "a@" + label + "b.co"})
    CHECK_FALSE(is_email_shaped(bad));
}

TEST_CASE("ids are positive and fit 63 bits") {
  CHECK(parse_id("1") == 1);
  CHECK(parse_id("9223372036854775807") == INT64_MAX);
  for (const char* bad : {"", "0", "-1", "+1", "1a", " 1", "9223372036854775808", "1.0", "0x1"})
    CHECK_FALSE(parse_id(bad));
}
