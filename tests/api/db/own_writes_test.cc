#include "api/db/own_writes.h"

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("own writes: a tweet counts for itself and for the lists, not for other tweets or people") {
  OwnWrites writes;
  CHECK(writes.last_of_tweet(7) == OwnWrites::kNever);
  writes.tweet(7, 100);
  CHECK(writes.last_of_tweet(7) == 100);
  CHECK(writes.last_of_tweets() == 100);
  CHECK(writes.last_of_tweet(8) == OwnWrites::kNever);
  CHECK(writes.last_of_people() == OwnWrites::kNever);
  writes.tweet(8, 200);
  CHECK(writes.last_of_tweet(7) == 100);
  CHECK(writes.last_of_tweets() == 200);
}

TEST_CASE("own writes: people do not count for tweets, a deleted account counts for everything") {
  OwnWrites writes;
  writes.people(50);
  CHECK(writes.last_of_people() == 50);
  CHECK(writes.last_of_tweets() == OwnWrites::kNever);
  writes.account(60);
  CHECK(writes.last_of_people() == 60);
  CHECK(writes.last_of_tweets() == 60);
  CHECK(writes.last_of_tweet(1) == 60);
}

TEST_CASE("own writes: when too many tweets were written, all count as written") {
  OwnWrites writes;
  const auto most = static_cast<int64_t>(OwnWrites::kMaxTweets);
  for (int64_t id = 1; id <= most; ++id) writes.tweet(id, id);
  CHECK(writes.last_of_tweet(1) == 1);
  CHECK(writes.last_of_tweet(most + 1) == OwnWrites::kNever);
  writes.tweet(most, most + 5);  // known
  CHECK(writes.last_of_tweet(1) == 1);
  writes.tweet(most + 1, most + 10);
  CHECK(writes.last_of_tweet(1) == most + 10);
  CHECK(writes.last_of_tweet(most + 7) == most + 10);
  writes.tweet(3, most + 20);
  CHECK(writes.last_of_tweet(3) == most + 20);
}
