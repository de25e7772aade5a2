// What the API may count on, asked of every database there is: the same questions, the same answers.

#include <string>
#include <vector>

#include <fmt/core.h>

#include "api/db/words.h"
#include "tests/api/db/database_world.h"

using namespace roost;
using namespace roost::api;

namespace {

/// Short forms of the port's operations, on one world.
template <class World>
struct Asking {
  World world;
  Database& db = world.database();

  Registration add(const std::string& name, const std::string& email, const std::string& display_name = "Some One") {
    auto made = world.template ask<Registration>([&](Done<Registration> done) {
      db.insert_user({name, email, display_name, "bio of " + name, "hash of " + name}, "r", std::move(done));
    });
    if (!made) FAIL(made.error().what);
    return std::move(*made);
  }
  int64_t user(const std::string& name, const std::string& display_name = "Some One") {
    const Registration made = add(name, name + "@example.org", display_name);
    REQUIRE(made.outcome == Registration::Outcome::made);
    return made.user.id;
  }
  UserPage load(int64_t id) {
    auto page = world.template ask<UserPage>([&](Done<UserPage> done) { db.load_user(id, "r", std::move(done)); });
    REQUIRE(page);
    return std::move(*page);
  }
  User get(int64_t id) {
    UserPage page = load(id);
    REQUIRE(page.users.size() == 1);
    return page.users[0];
  }
  Login login(const std::string& name) {
    auto login = world.template ask<Login>([&](Done<Login> done) { db.load_login(name, "r", std::move(done)); });
    REQUIRE(login);
    return std::move(*login);
  }
  int64_t found(const std::string& query) {
    auto page = world.template ask<UserPage>([&](Done<UserPage> done) { db.search_user(query, "r", std::move(done)); });
    REQUIRE(page);
    if (page->absent()) return 0;
    CHECK(page->users[0].email.empty());
    return page->users[0].id;
  }
  FollowChange follow(int64_t from, int64_t to) {
    return *world.template ask<FollowChange>(
        [&](Done<FollowChange> done) { db.follow(from, to, "r", std::move(done)); });
  }
  FollowChange unfollow(int64_t from, int64_t to) {
    return *world.template ask<FollowChange>(
        [&](Done<FollowChange> done) { db.unfollow(from, to, "r", std::move(done)); });
  }
  FollowPage follows(int64_t id, FollowSide side, ListRange range = {}) {
    auto page = world.template ask<FollowPage>(
        [&](Done<FollowPage> done) { db.load_follows(id, side, range, "r", std::move(done)); });
    REQUIRE(page);
    return std::move(*page);
  }
  Change remove_user(int64_t id) {
    return *world.template ask<Change>([&](Done<Change> done) { db.delete_user(id, "r", std::move(done)); });
  }
  std::optional<Tweet> try_tweet(int64_t user, const std::string& content) {
    auto made = world.template ask<std::optional<Tweet>>(
        [&](Done<std::optional<Tweet>> done) { db.insert_tweet(user, content, "r", std::move(done)); });
    REQUIRE(made);
    return std::move(*made);
  }
  int64_t tweet(int64_t user, const std::string& content) {
    const auto made = try_tweet(user, content);
    REQUIRE(made);
    return made->id;
  }
  Change edit(int64_t id, int64_t user, const std::string& content) {
    return *world.template ask<Change>(
        [&](Done<Change> done) { db.update_tweet(id, user, content, "r", std::move(done)); });
  }
  Change remove(int64_t id, int64_t user) {
    return *world.template ask<Change>([&](Done<Change> done) { db.delete_tweet(id, user, "r", std::move(done)); });
  }
  template <class Start>
  TweetPage page(Start start) {
    auto page = world.template ask<TweetPage>(start);
    REQUIRE(page);
    return std::move(*page);
  }
  TweetPage one(int64_t id) {
    return page([&](Done<TweetPage> done) { db.load_tweet(id, "r", std::move(done)); });
  }
  TweetPage timeline(ListRange range = {}) {
    return page([&](Done<TweetPage> done) { db.load_timeline(range, "r", std::move(done)); });
  }
  TweetPage of_user(int64_t user, ListRange range = {}) {
    return page([&](Done<TweetPage> done) { db.load_user_tweets(user, range, "r", std::move(done)); });
  }
  TweetPage tagged(const std::string& tag, ListRange range = {}) {
    return page([&](Done<TweetPage> done) { db.load_hashtag_tweets(tag, range, "r", std::move(done)); });
  }
  TweetPage with_words(const std::string& text, ListRange range = {}) {
    return page([&](Done<TweetPage> done) { db.search_tweets(extract_words(text), range, "r", std::move(done)); });
  }
};

using Ids = std::vector<int64_t>;

Ids ids(const TweetPage& page) {
  Ids all;
  for (const Tweet& tweet : page.tweets) all.push_back(tweet.id);
  return all;
}

Ids ids(const FollowPage& page) {
  Ids all;
  for (const FollowedUser& followed : page.users) all.push_back(followed.user.id);
  return all;
}

}  // namespace

// A world that is not available passes: tests/run makes all of them available.

TEST_CASE_TEMPLATE("contract: a person is as they registered", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const Registration made = a.add("Mira", "Mira@Example.org", "Mira L.");
  REQUIRE(made.outcome == Registration::Outcome::made);
  User expected;
  expected.id = made.user.id;
  expected.username = "Mira";
  expected.email = "Mira@Example.org";
  expected.display_name = "Mira L.";
  expected.bio = "bio of Mira";
  expected.created_at_ms = expected.updated_at_ms = 1'700'000'000'000;
  CHECK(made.user == expected);
  CHECK(a.get(made.user.id) == expected);
  CHECK(a.load(made.user.id + 1).absent());
  CHECK(a.load(-1).absent());
  CHECK(a.load(INT64_MAX).absent());
}

TEST_CASE_TEMPLATE("contract: a name or an address that differs in case alone is taken", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  a.user("Mira");
  using Outcome = Registration::Outcome;
  CHECK(a.add("mIRA", "other@example.org").outcome == Outcome::username_taken);
  CHECK(a.add("mIRA", "MIRA@example.org").outcome == Outcome::username_taken);
  CHECK(a.add("mira2", "MIRA@Example.org").outcome == Outcome::email_taken);
  CHECK(a.add("mira2", "mira2@example.org").outcome == Outcome::made);
  CHECK(a.add("Stra\xC3\x9F"
              "e",
              "s1@example.org")
            .outcome == Outcome::made);
  CHECK(a.add("STRASSE", "s2@example.org").outcome == Outcome::username_taken);
}

TEST_CASE_TEMPLATE("contract: of many who ask for one name at once, one gets it", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  int made = 0;
  int answered = 0;
  for (int i = 0; i < 12; ++i) {
    a.db.insert_user({"one", fmt::format("{}@example.org", i), "", "", "h"}, "r", [&](Result<Registration> result) {
      REQUIRE(result);
      made += result->outcome == Registration::Outcome::made ? 1 : 0;
      ++answered;
    });
  }
  a.world.turn_until([&] { return answered == 12; });
  CHECK(made == 1);
}

TEST_CASE_TEMPLATE("contract: a login is found by name and by address, whatever the case", World, SqliteWorld,
                   PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t id = a.user("Adaeze");
  for (const char* name : {"adaeze", "ADAEZE", "Adaeze@EXAMPLE.org"}) {
    const Login login = a.login(name);
    CHECK(login.found);
    CHECK(login.user.id == id);
    CHECK(login.user.email == "Adaeze@example.org");
    CHECK(login.password_hash == "hash of Adaeze");
  }
  a.user("adaeze@example.com");  // whoever is called like another's address comes first
  CHECK(a.login("adaeze@example.com").user.username == "adaeze@example.com");
  for (const char* name : {"nobody", "", "' OR 1=1 --", "\xff\xfe"}) CHECK_FALSE(a.login(name).found);
  CHECK_FALSE(a.login(std::string("adaeze\0x", 8)).found);
}

TEST_CASE_TEMPLATE("contract: people are listed newest first, without addresses", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  Ids all;
  for (int i = 0; i < 5; ++i) all.push_back(a.user(fmt::format("user{}", i)));
  const auto list = [&](ListRange range) {
    return *a.world.template ask<UserPage>([&](Done<UserPage> done) { a.db.load_users(range, "r", std::move(done)); });
  };
  const UserPage page = list({.limit = 2, .before = all[4]});
  REQUIRE(page.users.size() == 2);
  CHECK(page.more);
  CHECK(page.users[0].id == all[3]);
  CHECK(page.users[0].email.empty());
  CHECK_FALSE(list({.limit = 5}).more);
  CHECK(list({.limit = 4}).more);
  CHECK(list({.limit = 4, .before = -5}).absent());
}

TEST_CASE_TEMPLATE("contract: a search finds the very name, then the first that begins so, then a display name", World,
                   SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t annabel = a.user("annabel", "Zo\xC3\xAB");
  const int64_t anna = a.user("Anna", "\xC3\x84nne \xC3\x96z");
  const int64_t bert = a.user("bert", "Annette");
  const int64_t under = a.user("a_na", "100% sure");
  const int64_t second = a.user("zz", "annette");  // the earlier one comes first
  CHECK(a.found("ANNA") == anna);
  CHECK(a.found("ann") == anna);
  CHECK(a.found("annab") == annabel);
  CHECK(a.found("annett") == bert);
  CHECK(a.found("\xC3\xA4nne") == anna);
  CHECK(a.found("ZO") == annabel);
  CHECK(a.found("a_") == under);
  CHECK(a.found("100%") == under);
  CHECK(a.found("zz") == second);
  for (const char* query : {"nna", "%", "_", "", "\\", "a%", "zzz", "'; DROP TABLE users; --", "\xff"})
    CHECK(a.found(query) == 0);
  CHECK(a.found(std::string("an\0na", 5)) == 0);
}

TEST_CASE_TEMPLATE("contract: a search goes by the order of bytes", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t upper = a.user("abZ");  // folded: abz
  const int64_t under = a.user("ab_z");
  const int64_t digit = a.user("ab9");
  CHECK(a.found("ab") == digit);
  CHECK(a.found("ab_") == under);
  CHECK(a.found("abz") == upper);
}

TEST_CASE_TEMPLATE("contract: follows change both counts, once", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t from = a.user("from"), to = a.user("to");
  CHECK(a.follow(from, to) == FollowChange::made);
  CHECK(a.follow(from, to) == FollowChange::unchanged);
  CHECK(a.get(from).following == 1);
  CHECK(a.get(from).followers == 0);
  CHECK(a.get(to).followers == 1);
  CHECK(a.get(to).following == 0);
  CHECK(a.follow(from, 99) == FollowChange::not_found);
  CHECK(a.follow(99, from) == FollowChange::no_follower);
  CHECK(a.follow(98, 99) == FollowChange::no_follower);
  CHECK(a.unfollow(from, 99) == FollowChange::not_found);
  CHECK(a.unfollow(99, from) == FollowChange::no_follower);
  CHECK(a.unfollow(to, from) == FollowChange::unchanged);
  CHECK(a.unfollow(from, to) == FollowChange::made);
  CHECK(a.unfollow(from, to) == FollowChange::unchanged);
  CHECK(a.get(to).followers == 0);
  CHECK(a.get(from).following == 0);
}

TEST_CASE_TEMPLATE("contract: many follows at once lose no count", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  Ids people;
  for (int i = 0; i < 6; ++i) people.push_back(a.user(fmt::format("p{}", i)));
  int answered = 0;
  const auto count = [&](Result<FollowChange> result) {
    REQUIRE(result);
    ++answered;
  };
  for (const int64_t from : people) {
    for (const int64_t to : people) {
      if (from == to) continue;
      a.db.follow(from, to, "r", count);
      a.db.follow(from, to, "r", count);
      if (to == people[0]) a.db.unfollow(from, to, "r", count);
    }
  }
  a.world.turn_until([&] { return answered == 6 * 5 * 2 + 5; });
  for (const int64_t id : people) {
    const int64_t followers = static_cast<int64_t>(a.follows(id, FollowSide::followers).users.size());
    const int64_t following = static_cast<int64_t>(a.follows(id, FollowSide::following).users.size());
    CHECK(a.get(id).followers == followers);
    CHECK(a.get(id).following == following);
  }
}

TEST_CASE_TEMPLATE("contract: lists of followers tell whom one follows back", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t one = a.user("one"), two = a.user("two"), three = a.user("three");
  for (const auto& [from, to] : {std::pair{two, one}, {three, one}, {one, three}}) a.follow(from, to);
  const FollowPage followers = a.follows(one, FollowSide::followers);
  CHECK(ids(followers) == Ids{three, two});
  CHECK(followers.users[0].is_following);
  CHECK_FALSE(followers.users[1].is_following);
  CHECK(followers.users[0].user.email.empty());
  const FollowPage following = a.follows(one, FollowSide::following);
  CHECK(ids(following) == Ids{three});
  CHECK(following.users[0].is_following);
  const FollowPage first = a.follows(one, FollowSide::followers, {.limit = 1});
  CHECK(first.more);
  CHECK(ids(first) == Ids{three});
  CHECK(ids(a.follows(one, FollowSide::followers, {.limit = 1, .before = three})) == Ids{two});
  CHECK(ids(a.follows(99, FollowSide::followers)).empty());
}

TEST_CASE_TEMPLATE("contract: with an account go its tweets, their index, and its part in the counts of others", World,
                   SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t gone = a.user("gone"), stays = a.user("stays");
  a.follow(gone, stays);
  a.follow(stays, gone);
  const int64_t tweet = a.tweet(gone, "gone soon #tag");
  const int64_t other = a.tweet(stays, "stays #tag");
  CHECK(a.remove_user(gone) == Change::made);
  CHECK(a.remove_user(gone) == Change::not_found);
  CHECK(a.load(gone).absent());
  CHECK(a.get(stays).followers == 0);
  CHECK(a.get(stays).following == 0);
  CHECK(a.one(tweet).absent());
  CHECK(ids(a.tagged("tag")) == Ids{other});
  CHECK(ids(a.with_words("soon")).empty());
  CHECK(a.follows(stays, FollowSide::followers).users.empty());
  CHECK_FALSE(a.try_tweet(gone, "from the beyond"));
  CHECK(a.user("gone") > gone);  // the name is free again, the id is not
}

TEST_CASE_TEMPLATE("contract: a tweet is as it was written", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t author = a.user("author", "The Author");
  const std::string content = "caf\xC3\xA9 \xF0\x9F\x90\xA6 'quoted' \"twice\" \\ %s $1\n--; DROP TABLE tweets; #Bird";
  const auto made = a.try_tweet(author, content);
  REQUIRE(made);
  Tweet expected;
  expected.id = made->id;
  expected.user_id = author;
  expected.username = "author";
  expected.display_name = "The Author";
  expected.content = content;
  expected.created_at_ms = expected.updated_at_ms = 1'700'000'000'000;
  CHECK(*made == expected);
  const TweetPage page = a.one(made->id);
  REQUIRE(page.tweets.size() == 1);
  CHECK(page.tweets[0] == expected);
  CHECK_FALSE(page.more);
  CHECK(a.one(made->id + 1).absent());
  CHECK(a.one(INT64_MIN).absent());
  CHECK_FALSE(a.try_tweet(99, "nobody's"));
}

TEST_CASE_TEMPLATE("contract: lists are newest first and in parts", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t one = a.user("one"), two = a.user("two");
  Ids mine, all;
  for (int i = 0; i < 7; ++i) {
    all.insert(all.begin(), a.tweet(i % 2 == 0 ? one : two, fmt::format("number {} #n", i)));
    if (i % 2 == 0) mine.insert(mine.begin(), all.front());
  }
  CHECK(ids(a.timeline()) == all);
  CHECK_FALSE(a.timeline({.limit = 7}).more);
  const TweetPage part = a.timeline({.limit = 3, .before = all[1]});
  CHECK(ids(part) == Ids{all[2], all[3], all[4]});
  CHECK(part.more);
  CHECK(ids(a.of_user(one)) == mine);
  CHECK(ids(a.of_user(one, {.limit = 2})) == Ids{mine[0], mine[1]});
  CHECK(a.of_user(one, {.limit = 2}).more);
  CHECK(a.of_user(99).absent());
  CHECK(ids(a.tagged("N", {.limit = 2, .before = all[0]})) == Ids{all[1], all[2]});
  CHECK(a.tagged("n", {.limit = 2}).more);
  CHECK_FALSE(a.tagged("n", {.limit = 7}).more);
  CHECK(a.timeline({.limit = 3, .before = all.back()}).absent());
}

TEST_CASE_TEMPLATE("contract: only its author changes a tweet", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t author = a.user("author"), other = a.user("other");
  const int64_t id = a.tweet(author, "before #old #kept");
  CHECK(a.edit(id, other, "taken over") == Change::not_owner);
  CHECK(a.edit(id + 1, author, "nothing") == Change::not_found);
  CHECK(a.edit(id, author, "after #new #kept #KEPT") == Change::made);
  CHECK(a.one(id).tweets[0].content == "after #new #kept #KEPT");
  CHECK(a.tagged("old").absent());
  CHECK(ids(a.tagged("new")) == Ids{id});
  CHECK(ids(a.tagged("kept")) == Ids{id});
  CHECK(a.with_words("before").absent());
  CHECK(ids(a.with_words("after")) == Ids{id});
  CHECK(a.remove(id, other) == Change::not_owner);
  CHECK(a.remove(id, author) == Change::made);
  CHECK(a.remove(id, author) == Change::not_found);
  CHECK(a.tagged("new").absent());
  CHECK(a.with_words("after").absent());
  CHECK(a.tweet(author, "next") > id);
}

TEST_CASE_TEMPLATE("contract: edits of one tweet at once leave the hashtags of one of them", World, SqliteWorld,
                   PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t author = a.user("author");
  const int64_t id = a.tweet(author, "start");
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    a.db.update_tweet(id, author, fmt::format("text{0} #tag{0}", i), "r", [&](Result<Change> change) {
      REQUIRE(change);
      CHECK(*change == Change::made);
      ++answered;
    });
  }
  a.world.turn_until([&] { return answered == 10; });
  int tags = 0;
  for (int i = 0; i < 10; ++i) {
    if (a.tagged(fmt::format("tag{}", i)).absent()) continue;
    ++tags;
    CHECK(a.one(id).tweets[0].content == fmt::format("text{0} #tag{0}", i));
    CHECK(ids(a.with_words(fmt::format("text{}", i))) == Ids{id});
  }
  CHECK(tags == 1);
}

TEST_CASE_TEMPLATE("contract: tweets are found by all of their words, in whatever case and script", World, SqliteWorld,
                   PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t author = a.user("author");
  const int64_t one = a.tweet(author,
                              "Stra\xC3\x9F"
                              "e by the Harbour, snake_case it's");
  const int64_t two = a.tweet(author, "The harbour of \xE6\x9D\xB1\xE4\xBA\xAC");  // Tokyo, in two characters
  CHECK(ids(a.with_words("HARBOUR")) == Ids{two, one});
  CHECK(ids(a.with_words("harbour", {.limit = 1})) == Ids{two});
  CHECK(a.with_words("harbour", {.limit = 1}).more);
  CHECK(ids(a.with_words("harbour", {.limit = 5, .before = two})) == Ids{one});
  CHECK(ids(a.with_words("harbour STRASSE")) == Ids{one});
  CHECK(ids(a.with_words("snake_case")) == Ids{one});
  CHECK(ids(a.with_words("\xE4\xBA\xAC\xE6\x9D\xB1")) == Ids{two});
  CHECK(ids(a.with_words("it's")) == Ids{one});
  for (const char* nothing : {"snake", "harb", "harbour not", "harbour and"}) CHECK(a.with_words(nothing).absent());
  CHECK(ids(a.with_words("the OR")).empty());
}

TEST_CASE_TEMPLATE("contract: what nobody could have written finds nothing", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  const int64_t author = a.user("author");
  a.tweet(author, "a tweet #tag");
  for (const char* tag : {"\xff", "tag\xC3", "", "'", "tag' OR '1'='1", "%"}) CHECK(a.tagged(tag).absent());
  CHECK(a.tagged(std::string("tag\0", 4)).absent());
}

TEST_CASE_TEMPLATE("contract: a page tells how far the watched journal was applied", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  a.db.watch_journal(journal("watched").hex());
  const int64_t author = a.user("author");
  const int64_t id = a.tweet(author, "like me #x");
  CHECK(a.one(id).applied_seq == 0);
  CHECK(a.world.likes().apply(journal("watched"), {1, {{id, 11}}}) == batcher::Outcome::applied);
  CHECK(a.world.likes().apply(journal("another"), {1, {{id, 11}}}) == batcher::Outcome::applied);
  for (const TweetPage& page : {a.one(id), a.timeline(), a.of_user(author), a.tagged("x"), a.with_words("like")}) {
    REQUIRE(page.tweets.size() == 1);
    CHECK(page.tweets[0].likes == 22);
    CHECK(page.applied_seq == 1);
  }
}

TEST_CASE_TEMPLATE("contract: a database that answers says so", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Asking<World> a;
  CHECK(a.world.template ask<void>([&](Done<void> done) { a.db.ping(std::move(done)); }));
}
