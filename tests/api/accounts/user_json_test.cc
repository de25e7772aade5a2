#include "api/accounts/user_json.h"

#include <doctest/doctest.h>

#include "common/base/iso_time.h"

using namespace roost;
using namespace roost::api;

namespace {

const User kUser{7, "ann", "ann@example.org", "A \"nn\"", "<b>", 1'772'359'200'123, 1'772'359'200'124, 2, 3};

}  // namespace

TEST_CASE("one's own account, with the e-mail address") {
  CHECK(own_user_json(kUser) ==
        R"({"id":7,"username":"ann","display_name":"A \"nn\"","bio":"<b>","email":"ann@example.org",)"
        R"("created_at":"2026-03-01T10:00:00.123Z","updated_at":"2026-03-01T10:00:00.124Z",)"
        R"("followers":2,"following":3})");
}

TEST_CASE("a profile, without it") {
  CHECK(profile_json(kUser) ==
        R"({"id":7,"username":"ann","display_name":"A \"nn\"","bio":"<b>","created_at":"2026-03-01T10:00:00.123Z",)"
        R"("updated_at":"2026-03-01T10:00:00.124Z","followers":2,"following":3,"joinDate":"March 2026"})");
}

TEST_CASE("somebody in a list of followers") {
  std::string out;
  append_followed_user(out, {kUser, true});
  append_followed_user(out, {kUser, false});
  CHECK(out == R"({"id":7,"username":"ann","display_name":"A \"nn\"","bio":"<b>","is_following":true})"
               R"({"id":7,"username":"ann","display_name":"A \"nn\"","bio":"<b>","is_following":false})");
}

TEST_CASE("months") {
  CHECK(format_month(0) == "January 1970");
  CHECK(format_month(1'798'761'599'999) == "December 2026");
  CHECK(format_month(1'798'761'600'000) == "January 2027");
}
