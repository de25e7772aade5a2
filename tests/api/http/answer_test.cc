#include "api/http/answer.h"

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost;
using namespace roost::api;

namespace {

bool has_line(const Answer& answer, std::string_view line) {
  return http::text_of(answer.fields).find(std::string(line) + "\r\n") != std::string_view::npos;
}

}  // namespace

TEST_CASE("a public answer carries age and ETag, and is 304 when the client has it") {
  const Answer fresh = public_answer("[1]", kJson, 0, "");
  CHECK(fresh.status == 200);
  CHECK(has_line(fresh, "Cache-Control: public, max-age=60"));
  CHECK(http::text_of(fresh.fields).find("Age") == std::string_view::npos);
  const Answer aged = public_answer("[1]", kJson, 17'900, "");
  CHECK(has_line(aged, "Age: 18"));
  const size_t at = http::text_of(aged.fields).find("ETag: ") + 6;
  const std::string etag(http::text_of(aged.fields).substr(at, 18));
  for (const std::string& match : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const Answer known = public_answer("[1]", kJson, 0, match);
    CHECK(known.status == 304);
    CHECK(known.body.empty());
    CHECK(has_line(known, "ETag: " + etag));
  }
  CHECK(public_answer("[2]", kJson, 0, etag).status == 200);
}

TEST_CASE("not found and failures") {
  CHECK(has_line(not_found(http::Method::get, "gone"), "Cache-Control: public, max-age=5"));
  CHECK(has_line(not_found(http::Method::post, "gone"), "Cache-Control: no-store"));
  const Answer busy = problem_of(Error{"secret detail", Side::internal, true, 0});
  CHECK(busy.status == 503);
  CHECK(has_line(busy, "Retry-After: 1"));
  CHECK(busy.body.find("secret") == std::string::npos);
  CHECK(problem_of(Error{"secret detail", Side::internal, false, 0}).status == 500);
}
