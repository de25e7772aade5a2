// The pure parts: texts in, texts out.
#include <doctest/doctest.h>

#include "api/http/answer.h"
#include "api/http/input.h"
#include "api/http/query_string.h"
#include "api/http/request.h"
#include "api/tweets/tweet_json.h"
#include "common/base/iso_time.h"

using namespace roost;
using namespace roost::api;

namespace {

bool has_line(const Answer& answer, std::string_view line) {
  return answer.fields.text().find(std::string(line) + "\r\n") != std::string_view::npos;
}

Request with_body(std::string body) {
  Request request;
  request.body = std::move(body);
  return request;
}

std::string content_problem(std::string body) {
  const auto content = read_content(with_body(std::move(body)), 280);
  return content ? "none" : content.error().body;
}

}  // namespace

TEST_CASE("percent escapes") {
  CHECK(percent_decode("a%20b") == "a b");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("a+b", true) == "a b");
  CHECK(percent_decode("%c3%A9") == "\xC3\xA9");
  CHECK_FALSE(percent_decode("%"));
  CHECK_FALSE(percent_decode("%4"));
  CHECK_FALSE(percent_decode("%zz"));
  CHECK_FALSE(percent_decode("a%00b"));
}

TEST_CASE("queries") {
  const auto query = QueryString::parse("limit=5&query=%23a+b&empty=&flag&&limit=6");
  REQUIRE(query);
  CHECK(*query->find("limit") == "5");
  CHECK(*query->find("query") == "#a b");
  CHECK(query->find("empty")->empty());
  CHECK(query->find("flag")->empty());
  CHECK(query->find("none") == nullptr);
  CHECK_FALSE(QueryString::parse("a=%x"));
  std::string many;
  for (size_t i = 0; i < QueryString::kMaxParameters; ++i) many += "a=1&";
  CHECK(QueryString::parse(many));
  CHECK_FALSE(QueryString::parse(many + "b=1"));
}

TEST_CASE("ids are positive and fit 63 bits") {
  CHECK(parse_id("1") == 1);
  CHECK(parse_id("9223372036854775807") == INT64_MAX);
  for (const char* bad : {"", "0", "-1", "+1", "1a", " 1", "9223372036854775808", "1.0", "0x1"})
    CHECK_FALSE(parse_id(bad));
}

TEST_CASE("times") {
  CHECK(format_iso_time(1'772'359'200'123) == "2026-03-01T10:00:00.123Z");
  CHECK(parse_time("2026-03-01T10:00:00.123Z") == 1'772'359'200'123);
  CHECK(parse_time("2026-03-01T10:00:00.1Z") == 1'772'359'200'100);
  CHECK(parse_time("2026-03-01T10:00:00Z") == 1'772'359'200'000);
  CHECK(parse_time("1772359200123") == 1'772'359'200'123);
  for (const char* bad : {"", "yesterday", "2026-03-01", "2026-03-01T10:00:00", "2026-03-01T10:00:00.Z",
                          "2026-03-01T10:00:00.12345678901Z", "2026-03-0xT10:00:00Z", "-5"})
    CHECK_FALSE(parse_time(bad));
}

TEST_CASE("a public answer carries age and ETag, and is 304 when the client has it") {
  const Answer fresh = public_answer("[1]", kJson, 0, "");
  CHECK(fresh.status == 200);
  CHECK(has_line(fresh, "Cache-Control: public, max-age=60"));
  CHECK(fresh.fields.text().find("Age") == std::string_view::npos);
  const Answer aged = public_answer("[1]", kJson, 17'900, "");
  CHECK(has_line(aged, "Age: 18"));
  const size_t at = aged.fields.text().find("ETag: ") + 6;
  const std::string etag(aged.fields.text().substr(at, 18));
  for (const std::string& match : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const Answer known = public_answer("[1]", kJson, 0, match);
    CHECK(known.status == 304);
    CHECK(known.body.empty());
    CHECK(has_line(known, "ETag: " + etag));
  }
  CHECK(public_answer("[2]", kJson, 0, etag).status == 200);
}

TEST_CASE("problems always carry a detail") {
  const Answer wrong = problem(422, "a \"quoted\" reason", "content");
  CHECK(wrong.body == R"({"type":"about:blank","title":"Unprocessable Content","status":422,)"
                      R"("detail":"a \"quoted\" reason","field":"content"})");
  CHECK(has_line(wrong, "Cache-Control: no-store"));
  CHECK(has_line(not_found(http::Method::get, "gone"), "Cache-Control: public, max-age=5"));
  CHECK(has_line(not_found(http::Method::post, "gone"), "Cache-Control: no-store"));
  const Answer busy = problem_of(Error{"secret detail", Side::internal, true, 0});
  CHECK(busy.status == 503);
  CHECK(has_line(busy, "Retry-After: 1"));
  CHECK(busy.body.find("secret") == std::string::npos);
  CHECK(problem_of(Error{"secret detail", Side::internal, false, 0}).status == 500);
}

TEST_CASE("the content of a tweet") {
  CHECK(*read_content(with_body(R"({"content":"hello","other":1})"), 280) == "hello");
  CHECK(content_problem("nope").find("\"field\":\"body\"") != std::string::npos);
  CHECK(content_problem("").find("\"field\":\"body\"") != std::string::npos);
  CHECK(content_problem("[]").find("\"field\":\"body\"") != std::string::npos);
  CHECK(content_problem("{\"content\":\"\xFF\"}").find("\"field\":\"body\"") != std::string::npos);
  for (const char* bad :
       {"{}", R"({"content":5})", R"({"content":""})", R"({"content":" \n "})", R"({"content":"a\u0000b"})"})
    CHECK(content_problem(bad).find("\"field\":\"content\"") != std::string::npos);
  std::string birds;
  for (int i = 0; i < 280; ++i) birds += "\xF0\x9F\x90\xA6";  // characters are counted, not bytes
  CHECK(content_problem(R"({"content":")" + birds + "\"}") == "none");
  CHECK(content_problem(R"({"content":")" + birds + "x\"}").find("281 characters") != std::string::npos);
  CHECK(content_problem(std::string(50'000, '[')).find("\"field\":\"body\"") != std::string::npos);
}

TEST_CASE("the range of a list") {
  Request request;
  CHECK(read_range(request)->limit == 50);
  request.query_text = "limit=200&before=7";
  CHECK(read_range(request)->limit == 200);
  CHECK(read_range(request)->before == 7);
  for (const char* bad :
       {"limit=201", "limit=0", "limit=-1", "limit=x", "before=0", "before=9223372036854775808", "%"}) {
    request.query_text = bad;
    REQUIRE_FALSE(read_range(request));
    CHECK(read_range(request).error().status == 422);
  }
}

TEST_CASE("a tweet in JSON") {
  Tweet tweet{1, 2, "demo", "De \"mo\"", "a #tag", 1'772'359'200'123, 1'772'359'200'124, 3};
  std::string out;
  append_tweet(out, tweet, 5);
  CHECK(out == R"({"id":1,"user_id":2,"username":"demo","display_name":"De \"mo\"","content":"a #tag",)"
               R"("created_at":"2026-03-01T10:00:00.123Z","updated_at":"2026-03-01T10:00:00.124Z","likes":5,)"
               R"("hashtags":["tag"]})");
}

TEST_CASE("request ids are taken over only when they are fit to be logged") {
  CHECK(is_request_id("a-B_9.z"));
  CHECK_FALSE(is_request_id(""));
  CHECK_FALSE(is_request_id("a b"));
  CHECK_FALSE(is_request_id(std::string(65, 'a')));
}
