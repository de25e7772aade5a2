#include "api/http/cors_decorator.h"

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost;
using namespace roost::api;
using namespace roost::service;

namespace {

std::string fields_of(const Request& request) {
  Router router;
  router.add(http::Method::get, "/api/a", [](Request&, Reply) {});
  CorsDecorator decorator(Cors({"https://app.example"}), router);
  http::FieldBlock fields;
  decorator.add_fields(request, Answer{}, fields);
  return http::text_of(fields);
}

Request from(std::string path) {
  Request request;
  request.path = std::move(path);
  request.origin = "https://app.example";
  return request;
}

}  // namespace

TEST_CASE("CORS fields are for API paths alone") {
  CHECK(fields_of(from("/api/a")).find("Access-Control-Allow-Origin: https://app.example\r\n") != std::string::npos);
  CHECK(fields_of(from("/like/1")).find("Access-Control-Allow-Origin") != std::string::npos);
  for (const char* path : {"/", "/logs", "/metrics", "/healthz", "/apix"}) CHECK(fields_of(from(path)).empty());
}

TEST_CASE("a preflight is told the methods of its path") {
  Request request = from("/api/a");
  CHECK(fields_of(request).find("Access-Control-Allow-Methods") == std::string::npos);
  request.is_preflight = true;
  CHECK(fields_of(request).find("Access-Control-Allow-Methods: GET, HEAD\r\n") != std::string::npos);
}
