#include "common/service/router.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/ask.h"

using namespace roost;
using namespace roost::service;

namespace {

Action say(std::string text) {
  return [text = std::move(text)](Request& request, Reply reply) {
    std::string body = text;
    for (const std::string& capture : request.captures) body += "," + capture;
    reply.send(uncached_json(200, body));
  };
}

Router sample() {
  Router router;
  router.add(http::Method::get, "/now", say("now"));
  router.add(http::Method::post, "/echo", say("echo"));
  router.add(http::Method::get, "/a/{x}/b/{y}", say("ab"));
  return router;
}

}  // namespace

TEST_CASE("captures, slashes, escapes") {
  const Router router = sample();
  CHECK(ask(router, http::Method::get, "/a/1/b/2").body == "ab,1,2");
  CHECK(ask(router, http::Method::get, "/a/x%2Fy/b/%20/").body == "ab,x/y, ");
  CHECK(ask(router, http::Method::head, "/now/").status == 200);
  CHECK(ask(router, http::Method::get, "/a/%zz/b/2").status == 400);
}

TEST_CASE("paths that no pattern matches") {
  const Router router = sample();
  for (const char* unknown : {"/", "/nothing", "/a/1/b", "/a//b/2", "//now", "/now//", "now", "/1/2/3/4/5/6/7/8/9"})
    CHECK_MESSAGE(ask(router, http::Method::get, unknown).status == 404, unknown);
}

TEST_CASE("methods that a path does not have") {
  const Router router = sample();
  const Answer refused = ask(router, http::Method::delete_, "/now");
  CHECK(refused.status == 405);
  CHECK(has_field(refused, "Allow", "GET, HEAD"));
  const Answer options = ask(router, http::Method::options, "/echo");
  CHECK(options.status == 204);
  CHECK(has_field(options, "Allow", "POST"));
  CHECK(router.allowed("/now") == "GET, HEAD");
  CHECK(router.allowed("/nothing").empty());
}

TEST_CASE("patterns added earlier win; Allow names a method once") {
  Router router;
  router.add(http::Method::get, "/users/me", say("me"));
  router.add(http::Method::get, "/users/{id}", say("id"));
  CHECK(ask(router, http::Method::get, "/users/me").body == "me");
  CHECK(ask(router, http::Method::get, "/users/7").body == "id,7");
  CHECK(router.allowed("/users/me") == "GET, HEAD");
}

TEST_CASE("a method of its own for any path") {
  Router router = sample();
  router.add_for_any_path(http::Method::purge, say("purged"));
  for (const char* path : {"/now", "/1/2/3/4/5/6/7/8/9", "/%zz", "*"})
    CHECK(ask(router, http::Method::purge, path).body == "purged");
  CHECK(router.allowed("/now") == "GET, HEAD");
  CHECK(ask(router, http::Method::get, "/nothing").status == 404);
}

TEST_CASE("an answer of one's own for unknown paths") {
  Router router([](Request&, Reply reply) { reply.send(problem(404, "try /now")); });
  CHECK(ask(router, http::Method::get, "/nothing").body.find("try /now") != std::string::npos);
}

TEST_CASE("a reply that is dropped answers 500") {
  Router router;
  router.add(http::Method::get, "/never", [](Request&, Reply) {});
  CHECK(ask(router, http::Method::get, "/never").status == 500);
}
