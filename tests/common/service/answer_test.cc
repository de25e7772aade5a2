#include "common/service/answer.h"

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost::service;

namespace {

bool has_line(const Answer& answer, std::string_view line) {
  return roost::http::text_of(answer.fields).find(std::string(line) + "\r\n") != std::string_view::npos;
}

}  // namespace

TEST_CASE("problems always carry a detail") {
  const Answer wrong = problem(422, "a \"quoted\" reason", "content");
  CHECK(wrong.body == R"({"type":"about:blank","title":"Unprocessable Content","status":422,)"
                      R"("detail":"a \"quoted\" reason","field":"content"})");
  CHECK(has_line(wrong, "Cache-Control: no-store"));
}

TEST_CASE("a cached answer is 304 when the client has it") {
  const Answer answer = cached_answer("[1]", kJson, "public, max-age=5", "");
  CHECK(answer.status == 200);
  CHECK(answer.body == "[1]");
  CHECK(has_line(answer, "Cache-Control: public, max-age=5"));
  CHECK(cached_answer("[1]", kJson, "no-store", "*").status == 304);
  CHECK(cached_answer("[1]", kJson, "no-store", "\"other\"").status == 200);
}
