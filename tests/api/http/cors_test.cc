#include "api/http/cors.h"

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost;
using namespace roost::api;

namespace {

std::string answered(const Cors& cors, std::string_view origin) {
  http::FieldBlock fields;
  cors.add_to(fields, origin);
  return http::text_of(fields);
}

std::string preflight(const Cors& cors, std::string_view origin) {
  http::FieldBlock fields;
  cors.add_preflight_to(fields, origin, "GET, HEAD");
  return http::text_of(fields);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("nobody is let in by default") {
  CHECK(answered({}, "https://a.example").empty());
  CHECK(preflight({}, "https://a.example").empty());
}

TEST_CASE("listed origins, exactly") {
  const Cors cors({"https://a.example", "http://localhost:3000"});
  for (const char* origin : {"https://a.example", "http://localhost:3000"}) {
    const std::string fields = answered(cors, origin);
    CHECK(has(fields, std::string("Access-Control-Allow-Origin: ") + origin + "\r\n"));
    CHECK(has(fields, "Vary: Origin\r\n"));
    CHECK(has(fields, "Access-Control-Allow-Credentials: true\r\n"));
    CHECK(has(preflight(cors, origin), "Access-Control-Allow-Methods: GET, HEAD\r\n"));
    CHECK(has(preflight(cors, origin), "Access-Control-Max-Age: 600\r\n"));
  }
  for (const char* origin :
       {"", "null", "https://a.example:443", "https://A.example", "https://a.example.evil.example"}) {
    CHECK(answered(cors, origin) == "Vary: Origin\r\n");
    CHECK(preflight(cors, origin).empty());
  }
}

TEST_CASE("everybody, but never with credentials") {
  const Cors cors({"*"});
  const std::string fields = answered(cors, "https://a.example");
  CHECK(has(fields, "Access-Control-Allow-Origin: *\r\n"));
  CHECK_FALSE(has(fields, "Credentials"));
  CHECK_FALSE(has(fields, "Vary"));
  CHECK(answered(cors, "") == fields);
  CHECK(has(preflight(cors, "https://a.example"), "Authorization"));
}

TEST_CASE("what an origin looks like") {
  for (const char* good : {"*", "https://a.example", "http://localhost:3000", "app://x"})
    CHECK(check_origin(good).empty());
  for (const char* bad :
       {"", "a.example", "https://", "https://a.example/", "https://*.example", "https://a b", "://a"})
    CHECK_FALSE(check_origin(bad).empty());
}
