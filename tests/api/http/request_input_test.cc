#include "api/http/request_input.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

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
