#include "proxy/cache/tag_clock.h"

#include <string>

#include <doctest/doctest.h>

#include "proxy/cache/http_cache.h"
#include "tests/support/field_text.h"

using namespace roost;
using namespace roost::proxy;

TEST_CASE("a tag that changed is newer than what was loaded before, and no other is") {
  TagClock clock;
  CHECK(clock.latest_us() == 0);
  clock.note({}, "tweet-7", 100);
  CHECK(clock.latest_us() == 100);
  CHECK(clock.changed_since("a", R"("tweets", "tweet-7")", 99));
  CHECK_FALSE(clock.changed_since("a", R"("tweet-7")", 100));
  CHECK_FALSE(clock.changed_since("a", R"("tweet-8", "tweets")", 0));
  CHECK(clock.changed_since("a", "tweet-7", 0));  // bare
  CHECK_FALSE(clock.changed_since("a", "", 0));
}

TEST_CASE("what an origin says is about its own host") {
  TagClock clock;
  clock.note("a.example", "t", 100);
  CHECK(clock.changed_since("a.example", "t", 50));
  CHECK_FALSE(clock.changed_since("b.example", "t", 50));
}

TEST_CASE("each change is later than all before it, whatever the time it was noted with") {
  TagClock clock;
  clock.note({}, "t", 100);
  const int64_t looked_us = clock.latest_us();
  clock.note({}, "u", 90);  // a thread that took the time, and was then held up
  CHECK(clock.latest_us() > looked_us);
  CHECK(clock.changed_since("", "u", looked_us));
  CHECK_FALSE(clock.changed_since("", "t", looked_us));
}

TEST_CASE("more tags than slots cost fetches and miss no change") {
  TagClock clock;
  for (size_t i = 0; i < 2 * TagClock::kSlots; ++i)
    clock.note({}, "tag-" + std::to_string(i), static_cast<int64_t>(i) + 1);
  for (size_t i = 0; i < 2 * TagClock::kSlots; i += 97)
    CHECK(clock.changed_since("h", "tag-" + std::to_string(i), static_cast<int64_t>(i)));
}

TEST_CASE("a stored response is outdated from a change of its tag until it is loaded anew") {
  HttpCache cache({});
  const http::Fields none;
  StoredHead head;
  head.fields = http::FieldBlock(http::fields_of("Cache-Groups: \"t\", \"u\"\r\n"));
  head.tags = R"("t", "u")";
  head.right_at_us = 50;
  head.times = {1'000, 0, 60'000};
  CacheKey key;
  REQUIRE(key.assign_url("http://h/a"));
  REQUIRE(cache.insert(key, none, head, {}));
  const auto is_outdated = [&] {
    const auto found = cache.find(key, none, 1'000);
    REQUIRE(found);
    return cache.is_outdated(*found);
  };
  CHECK_FALSE(is_outdated());
  cache.revalidate_tag({}, "other", 60);
  CHECK_FALSE(is_outdated());
  cache.revalidate_tag({}, "u", 70);
  CHECK(is_outdated());
  CHECK(is_outdated());
  REQUIRE(cache.insert(key, none, head, {}));  // loaded before the change, stored after it
  CHECK(is_outdated());
  head.right_at_us = 71;
  REQUIRE(cache.insert(key, none, head, {}));
  CHECK_FALSE(is_outdated());
  cache.revalidate_tag("elsewhere", "u", 80);
  CHECK_FALSE(is_outdated());
  cache.revalidate_tag("h", "u", 90);
  CHECK(is_outdated());
}
