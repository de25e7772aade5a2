#include "api/db/sqlite/sqlite_users.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "api/db/sqlite/sqlite_follows.h"
#include "api/db/sqlite/sqlite_schema.h"
#include "api/db/sqlite/sqlite_tweets.h"
#include "api/db/words.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;

struct People {
  ScratchDirectory scratch;
  std::string path = scratch.file("people.db");
  std::unique_ptr<SqliteConnection> connection = open();

  std::unique_ptr<SqliteConnection> open() const {
    auto opened = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
    REQUIRE(opened);
    REQUIRE(migrate(**opened));
    return std::move(*opened);
  }
  SqliteUsers users() { return {*connection, "r"}; }
  SqliteFollows follows() { return {*connection, "r"}; }
  SqliteTweets tweets() { return {*connection, "", "r"}; }
  int64_t add(const std::string& name, const std::string& display_name = "Some One") {
    const auto made = users().insert({name, name + "@example.org", display_name, "", "hash of " + name}, kNow);
    REQUIRE(made);
    REQUIRE(made->outcome == Registration::Outcome::made);
    return made->user.id;
  }
  User get(int64_t id) {
    const auto page = users().by_id(id);
    REQUIRE(page);
    REQUIRE(page->users.size() == 1);
    return page->users.front();
  }
  int64_t count(const std::string& sql) {
    const auto raw = connection->prepare(sql);
    REQUIRE(raw);
    Statement statement(*raw);
    REQUIRE(*statement.step());
    return statement.integer(0);
  }
  int64_t found(const std::string& query) {
    const auto page = users().search(query);
    REQUIRE(page);
    return page->absent() ? 0 : page->users.front().id;
  }
};

std::vector<int64_t> ids(const FollowPage& page) {
  std::vector<int64_t> all;
  for (const FollowedUser& followed : page.users) all.push_back(followed.user.id);
  return all;
}

}  // namespace

TEST_CASE("a name or an address that differs in case alone is taken") {
  People p;
  p.add("Mira");
  using Outcome = Registration::Outcome;
  CHECK(p.users().insert({"mIRA", "other@example.org", "M", "", "h"}, kNow)->outcome == Outcome::username_taken);
  CHECK(p.users().insert({"mira2", "MIRA@Example.org", "M", "", "h"}, kNow)->outcome == Outcome::email_taken);
  CHECK(p.users().insert({"mira2", "mira2@example.org", "M", "", "h"}, kNow)->outcome == Outcome::made);
}

TEST_CASE("of many who ask for one name at once, one gets it") {
  People p;
  std::vector<std::unique_ptr<SqliteConnection>> connections;
  for (int i = 0; i < 4; ++i) connections.push_back(p.open());
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string email = std::to_string(i) + "@example.org";
      const auto outcome =
          SqliteUsers(*connections[static_cast<size_t>(i)], "").insert({"one", email, "", "", "h"}, kNow);
      made += outcome && outcome->outcome == Registration::Outcome::made;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 1);
  CHECK(p.count("SELECT count(*) FROM users") == 1);
}

TEST_CASE("a login is found by name and by address, whatever the case") {
  People p;
  const int64_t id = p.add("Adaeze");
  for (const char* name : {"adaeze", "ADAEZE", "Adaeze@EXAMPLE.org"}) {
    const auto login = p.users().login(name);
    REQUIRE(login);
    CHECK(login->found);
    CHECK(login->user.id == id);
    CHECK(login->user.email == "Adaeze@example.org");
    CHECK(login->password_hash == "hash of Adaeze");
  }
  CHECK_FALSE(p.users().login("nobody")->found);
  CHECK_FALSE(p.users().login("")->found);  // accounts of before have no address
}

TEST_CASE("people are listed newest first, without addresses") {
  People p;
  for (int i = 0; i < 5; ++i) p.add("user" + std::to_string(i));
  const auto page = p.users().list({.limit = 2, .before = 5});
  REQUIRE(page);
  REQUIRE(page->users.size() == 2);
  CHECK(page->more);
  CHECK(page->users[0].id == 4);
  CHECK(page->users[0].email.empty());
  CHECK_FALSE(p.users().list({.limit = 5})->more);
}

TEST_CASE("a search finds the very name, then the first that begins so, then a display name") {
  People p;
  const int64_t annabel = p.add("annabel", "Zoë");
  const int64_t anna = p.add("Anna", "Änne Öz");
  const int64_t bert = p.add("bert", "Annette");
  CHECK(p.found("ANNA") == anna);
  CHECK(p.found("ann") == anna);
  CHECK(p.found("annab") == annabel);
  CHECK(p.found("annett") == bert);
  CHECK(p.found("änne") == anna);
  CHECK(p.found("ZO") == annabel);
  CHECK(p.found("nna") == 0);
  CHECK(p.found("%") == 0);
  CHECK(p.found("") == 0);
}

TEST_CASE("follows change both counts, once") {
  People p;
  const int64_t a = p.add("a_a"), b = p.add("b_b");
  CHECK(*p.follows().add(a, b, kNow) == FollowChange::made);
  CHECK(*p.follows().add(a, b, kNow) == FollowChange::unchanged);
  CHECK(p.get(a).following == 1);
  CHECK(p.get(a).followers == 0);
  CHECK(p.get(b).followers == 1);
  CHECK(*p.follows().add(a, 99, kNow) == FollowChange::not_found);
  CHECK(*p.follows().add(99, a, kNow) == FollowChange::no_follower);
  CHECK(*p.follows().remove(b, a) == FollowChange::unchanged);
  CHECK(*p.follows().remove(a, b) == FollowChange::made);
  CHECK(p.get(b).followers == 0);
}

TEST_CASE("lists of followers tell whom one follows back") {
  People p;
  const int64_t a = p.add("a_a"), b = p.add("b_b"), c = p.add("c_c");
  for (const auto& [from, to] : {std::pair{b, a}, {c, a}, {a, c}}) REQUIRE(p.follows().add(from, to, kNow));
  const auto followers = p.follows().list(a, FollowSide::followers, {});
  REQUIRE(followers);
  CHECK(ids(*followers) == std::vector{c, b});
  CHECK(followers->users[0].is_following);
  CHECK_FALSE(followers->users[1].is_following);
  CHECK(ids(*p.follows().list(a, FollowSide::following, {})) == std::vector{c});
  const auto first = p.follows().list(a, FollowSide::followers, {.limit = 1});
  CHECK((first->more && ids(*first) == std::vector{c}));
  CHECK(ids(*p.follows().list(a, FollowSide::followers, {.limit = 1, .before = c})) == std::vector{b});
}

TEST_CASE("with an account go its tweets, their index, and its part in the counts of others") {
  People p;
  const int64_t a = p.add("a_a"), b = p.add("b_b");
  REQUIRE(p.follows().add(a, b, kNow));
  REQUIRE(p.follows().add(b, a, kNow));
  REQUIRE(p.tweets().insert(a, "gone soon #tag", kNow));
  REQUIRE(p.tweets().insert(b, "stays #tag", kNow));
  CHECK(*p.users().remove(a) == Change::made);
  CHECK(*p.users().remove(a) == Change::not_found);
  CHECK(p.get(b).followers == 0);
  CHECK(p.get(b).following == 0);
  CHECK(p.count("SELECT count(*) FROM tweets") == 1);
  CHECK(p.count("SELECT count(*) FROM tweet_hashtags") == 1);
  CHECK(p.count("SELECT count(*) FROM tweet_words") == 1);
  CHECK(p.count("SELECT count(*) FROM follows") == 0);
  CHECK_FALSE(*p.tweets().insert(a, "from the beyond", kNow));
}

TEST_CASE("tweets are found by all of their words, in whatever case and script") {
  People p;
  const int64_t a = p.add("a_a");
  const auto insert = [&](const char* text) { return (*p.tweets().insert(a, text, kNow))->id; };
  const int64_t one = insert("Straße by the Harbour, snake_case");
  const int64_t two = insert("The harbour of 東京");
  const auto search = [&](const char* query, ListRange range = {}) {
    std::vector<int64_t> all;
    const auto page = p.tweets().search(extract_words(query), range);
    REQUIRE(page);
    for (const Tweet& tweet : page->tweets) all.push_back(tweet.id);
    return all;
  };
  CHECK(search("HARBOUR") == std::vector{two, one});
  CHECK(search("harbour", {.limit = 1}) == std::vector{two});
  CHECK(search("harbour", {.before = two}) == std::vector{one});
  CHECK(search("harbour STRASSE") == std::vector{one});
  CHECK(search("snake_case") == std::vector{one});
  CHECK(search("snake").empty());
  CHECK(search("京東") == std::vector{two});
  CHECK(search("harb").empty());
  CHECK(search("harbour not").empty());  // a word like any other, no operator
  REQUIRE(p.tweets().update(one, a, "something else", kNow));
  CHECK(search("strasse").empty());
  CHECK(search("else") == std::vector{one});
}
