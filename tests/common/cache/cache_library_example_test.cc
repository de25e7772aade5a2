#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/cache/read_through.h"

// The example of docs/cache-library.md, compiled and run. It counts on these three.

struct User;

namespace {

using Answer = std::function<void(int status, const std::string& text)>;

struct Query {
  template <class Done>
  void start(const std::string& /*id*/, Done done) {
    started.emplace_back([done = std::move(done)](auto row) mutable { done(std::move(row)); });
  }
  std::vector<roost::UniqueFunction<void(roost::Result<User>)>> started;
};

}  // namespace

#include <cache_library_example.h>

TEST_CASE("the example of the documentation does what is said of it") {
  ManualClock clock;
  ReadThrough users({}, clock);
  Query query;
  std::vector<std::string> answers;
  auto show = [&](const std::string& id) {
    show_user(users, id, query,
              [&](int status, const std::string& text) { answers.push_back(std::to_string(status) + " " + text); });
  };
  for (int i = 0; i < 1000; ++i) show("1");
  REQUIRE(query.started.size() == 1);
  query.started[0](User{"ada"});
  CHECK(answers == std::vector<std::string>(1000, "200 ada"));
  answers.clear();
  on_user_changed(users, "1");
  show("1");
  show("2");
  show("3");
  REQUIRE(query.started.size() == 4);
  query.started[1](User{"grace"});
  query.started[2](User{});
  query.started[3](fail("the database is gone"));
  show("2");
  CHECK(answers == std::vector<std::string>{"200 grace", "404 ", "503 the database is gone", "404 "});
}
