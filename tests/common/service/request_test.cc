#include "common/service/request.h"

#include <doctest/doctest.h>

using namespace roost;
using roost::service::is_request_id;
using roost::service::Request;

TEST_CASE("request ids are taken over only when they are fit for a log") {
  CHECK(is_request_id("a-B_9.z"));
  CHECK_FALSE(is_request_id(""));
  CHECK_FALSE(is_request_id("a b"));
  CHECK_FALSE(is_request_id(std::string(65, 'a')));
}

TEST_CASE("what is copied from a head") {
  http::RequestHead head;
  head.method = http::Method::post;
  head.method_text = "POST";
  head.authority = "example.org:8080";
  head.target = "/a?b=1";
  head.path = "/a";
  head.query = "b=1";
  for (const auto& [name, value] : {std::pair{"X-Request-Id", "id-1"},
                                    {"If-None-Match", "\"a\""},
                                    {"If-None-Match", "\"b\""},
                                    {"Authorization", "Bearer x"},
                                    {"Content-Type", "text/plain"},
                                    {"Origin", "https://o.example"},
                                    {"Idempotency-Key", "k"},
                                    {"X-Forwarded-For", "192.0.2.1"},
                                    {"X-Forwarded-For", "192.0.2.2"},
                                    {"X-Forwarded-Host", "a.example, b.example"},
                                    {"X-Real-IP", "192.0.2.1"},
                                    {"Sec-Fetch-Site", "same-site"},
                                    {"Sec-Fetch-Mode", "navigate"},
                                    {"Cache-Control", "max-age=0"},
                                    {"Accept", "text/html,*/*"}})
    REQUIRE(head.fields.add(name, value));
  const Request request = Request::from(head, *net::Address::parse("127.0.0.1:5"));
  CHECK(request.method == http::Method::post);
  CHECK(request.method_text == "POST");
  CHECK(request.authority == "example.org:8080");
  CHECK(request.path == "/a");
  CHECK(request.forwarded_host == "b.example");
  CHECK(request.is_for_another);
  CHECK(request.fetch_site == roost::service::FetchSite::foreign);
  CHECK(request.is_navigation);
  CHECK(request.query_text == "b=1");
  CHECK(request.target() == "/a?b=1");
  CHECK(request.request_id == "id-1");
  CHECK(request.if_none_match == "\"a\", \"b\"");
  CHECK(request.authorization == "Bearer x");
  CHECK(request.content_type == "text/plain");
  CHECK(request.origin == "https://o.example");
  CHECK(request.idempotency_key == "k");
  CHECK(request.forwarded_for == "192.0.2.1, 192.0.2.2");
  CHECK(request.no_cache);
  CHECK(request.wants_html);
  CHECK_FALSE(request.is_preflight);
  CHECK(request.client.to_string() == "127.0.0.1:5");
}

TEST_CASE("an absent field leaves its part empty, a bad request id too") {
  http::RequestHead head;
  head.method = http::Method::options;
  REQUIRE(head.fields.add("X-Request-Id", "a b"));
  REQUIRE(head.fields.add("Access-Control-Request-Method", "GET"));
  REQUIRE(head.fields.add("Idempotency-Key", "only of a POST"));
  REQUIRE(head.fields.add("Cache-Control", "max-age=60"));
  const Request request = Request::from(head, net::Address());
  CHECK(request.request_id.empty());
  CHECK(request.is_preflight);
  CHECK_FALSE(request.idempotency_key);
  CHECK_FALSE(request.no_cache);
  CHECK_FALSE(request.wants_html);
  CHECK(request.forwarded_for.empty());
}

TEST_CASE("a target with an empty query is told from one without") {
  http::RequestHead head;
  head.path = "/a";
  head.target = "/a?";
  CHECK(Request::from(head, net::Address()).target() == "/a?");
  head.target = "/a";
  CHECK(Request::from(head, net::Address()).target() == "/a");
}
