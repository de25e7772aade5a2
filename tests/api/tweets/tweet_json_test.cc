#include "api/tweets/tweet_json.h"

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("a tweet in JSON") {
  Tweet tweet{1, 2, "demo", "De \"mo\"", "a #tag", 1'772'359'200'123, 1'772'359'200'124, 3};
  std::string out;
  append_tweet(out, tweet, 5);
  CHECK(out == R"({"id":1,"user_id":2,"username":"demo","display_name":"De \"mo\"","content":"a #tag",)"
               R"("created_at":"2026-03-01T10:00:00.123Z","updated_at":"2026-03-01T10:00:00.124Z","likes":5,)"
               R"("hashtags":["tag"]})");
}
