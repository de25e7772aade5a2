#include "common/http/problem.h"

#include <doctest/doctest.h>

using namespace roost::http;

TEST_CASE("a problem's body is one JSON object") {
  CHECK(problem_body(404, "a \"quoted\" reason") ==
        R"({"type":"about:blank","title":"Not Found","status":404,"detail":"a \"quoted\" reason"})");
  CHECK(problem_body(422, "wrong", "content") ==
        R"({"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"wrong","field":"content"})");
}
