#include "proxy/fetching/forwarded_head.h"

#include <doctest/doctest.h>

#include "proxy/cache/cache_key.h"
#include "tests/support/field_text.h"

using namespace roost;
using namespace roost::proxy;

namespace {

http::RequestHead request(std::initializer_list<std::pair<const char*, const char*>> fields) {
  http::RequestHead head;
  head.authority = "shop.example:8080";
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

std::string forwarded(const http::RequestHead& head, const Origin& origin, ForwardPurpose purpose) {
  http::FieldBlock out;
  out.add("Left", "over");
  forward_request_fields(head, origin, purpose, out);
  return http::text_of(out);
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

constexpr Origin kStranger{"192.0.2.1", "http", false, "id-1", {}};
constexpr Origin kListedProxy{"10.0.0.1", "http", true, "id-1", {}};

}  // namespace

TEST_CASE("a request's end-to-end fields are forwarded in order, with Via and where it came from") {
  const auto head = request({{"Host", "other"}, {"Accept", "a"}, {"X-One", "1"}, {"X-One", "2"}});
  CHECK(forwarded(head, kStranger, ForwardPurpose::pass) ==
        "Host: shop.example:8080\r\nAccept: a\r\nX-One: 1\r\nX-One: 2\r\nVia: 1.1 roost\r\n"
        "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example:8080\r\n"
        "X-Request-Id: id-1\r\n");
}

TEST_CASE("hop-by-hop fields and those Connection names stay behind") {
  const auto head = request({{"Connection", "close, X-Secret"},
                             {"X-Secret", "1"},
                             {"Keep-Alive", "5"},
                             {"Upgrade", "h2c"},
                             {"TE", "trailers"},
                             {"Transfer-Encoding", "chunked"},
                             {"Expect", "100-continue"},
                             {"X-Kept", "1"}});
  const std::string text = forwarded(head, kStranger, ForwardPurpose::pass);
  for (const char* gone : {"Connection", "X-Secret", "Keep-Alive", "Upgrade", "TE:", "Transfer-Encoding", "Expect"}) {
    CAPTURE(gone);
    CHECK_FALSE(contains(text, gone));
  }
  CHECK(contains(text, "X-Kept: 1\r\n"));
}

TEST_CASE("forwarding fields are believed from a listed proxy only") {
  const auto head = request({{"X-Forwarded-For", "203.0.113.9"},
                             {"X-Forwarded-Proto", "https"},
                             {"X-Forwarded-Host", "public.example"},
                             {"Forwarded", "for=203.0.113.9"},
                             {"Via", "1.1 edge"}});
  const std::string stranger = forwarded(head, kStranger, ForwardPurpose::pass);
  CHECK(contains(stranger, "X-Forwarded-For: 192.0.2.1\r\n"));
  CHECK(contains(stranger, "X-Forwarded-Proto: http\r\n"));
  CHECK(contains(stranger, "X-Forwarded-Host: shop.example:8080\r\n"));
  CHECK_FALSE(contains(stranger, "203.0.113.9"));
  CHECK(contains(stranger, "Via: 1.1 edge, 1.1 roost\r\n"));
  const std::string proxy = forwarded(head, kListedProxy, ForwardPurpose::pass);
  CHECK(contains(proxy, "X-Forwarded-For: 203.0.113.9, 10.0.0.1\r\n"));
  // The scheme and host of the cache key.
  CHECK(contains(proxy, "X-Forwarded-Proto: http\r\n"));
  CHECK(contains(proxy, "X-Forwarded-Host: shop.example:8080\r\n"));
}

TEST_CASE("what a proxy on this host forwards without saying for whom is not this host's own") {
  const auto mark = [](const Origin& origin, std::initializer_list<std::pair<const char*, const char*>> fields) {
    return contains(forwarded(request(fields), origin, ForwardPurpose::pass), "Forwarded: for=unknown\r\n");
  };
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Origin untrusted{address, "http", false, "id-1", "test"};
    const Origin trusted{address, "http", true, "id-1", "test"};
    CHECK_FALSE(mark(untrusted, {{"Accept", "a"}}));
    CHECK(mark(untrusted, {{"X-Forwarded-For", "203.0.113.9"}}));
    CHECK_FALSE(mark(trusted, {{"X-Forwarded-For", "203.0.113.9"}, {"X-Real-IP", "203.0.113.9"}}));  // it did say
    for (const char* name : {"X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP"}) {
      CAPTURE(name);
      CHECK(mark(untrusted, {{name, "x"}}));
      CHECK(mark(trusted, {{name, "x"}}));
    }
  }
  CHECK_FALSE(mark(kStranger, {{"X-Forwarded-For", "203.0.113.9"}}));  // its own address says that it is elsewhere
}

TEST_CASE("a fetch for the cache asks for the whole, unconditionally") {
  const auto head = request({{"Cache-Control", "no-cache"},
                             {"Pragma", "no-cache"},
                             {"Range", "bytes=0-1"},
                             {"If-None-Match", "\"x\""},
                             {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                             {"Accept-Encoding", "gzip"}});
  const std::string fetch = forwarded(head, kStranger, ForwardPurpose::shared);
  for (const char* gone : {"Cache-Control", "Pragma", "Range", "If-"}) CHECK_FALSE(contains(fetch, gone));
  CHECK(contains(fetch, "Accept-Encoding: gzip\r\n"));
  const std::string single = forwarded(head, kStranger, ForwardPurpose::single);
  for (const char* gone : {"Cache-Control", "Pragma"}) CHECK_FALSE(contains(single, gone));
  for (const char* kept : {"Range: bytes=0-1\r\n", "If-None-Match: \"x\"\r\n"}) CHECK(contains(single, kept));
  const std::string pass = forwarded(head, kStranger, ForwardPurpose::pass);
  for (const char* kept : {"Cache-Control: no-cache\r\n", "Range: bytes=0-1\r\n"}) CHECK(contains(pass, kept));
}

TEST_CASE("a Connection may withhold fields of its own request") {
  CHECK_FALSE(withholds_fields(request({{"Accept", "x"}})));
  CHECK_FALSE(withholds_fields(request({{"Connection", "close, accept"}})));
  CHECK_FALSE(withholds_fields(request({{"Connection", "keep-alive, TE, Upgrade"}, {"TE", "x"}, {"Upgrade", "y"}})));
  CHECK_FALSE(withholds_fields(request({{"Connection", "X-Forwarded-For"}, {"X-Forwarded-For", "1.2.3.4"}})));
  CHECK(withholds_fields(request({{"Connection", "close"}, {"Accept", "x"}, {"Connection", "accept"}})));
  CHECK(withholds_fields(request({{"Connection", "authorization"}, {"Authorization", "x"}})));
}

TEST_CASE("a response loses its framing and age, and gains Via and a Date") {
  http::ResponseHead head;
  head.fields.add("Content-Type", "text/plain");
  head.fields.add("Content-Length", "3");
  head.fields.add("Connection", "X-Hop");
  head.fields.add("X-Hop", "1");
  head.fields.add("Age", "5");
  head.fields.add("X-Request-Id", "of the one who fetched");
  http::FieldBlock out;
  forward_response_fields(head, "Thu, 01 Jan 1970 00:00:00 GMT", out);
  CHECK(http::text_of(out) == "Content-Type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nVia: 1.1 roost\r\n");

  head.fields.clear();
  head.fields.add("Date", "Fri, 02 Jan 1970 00:00:00 GMT");
  head.protocol = "1.0";
  forward_response_fields(head, "Thu, 01 Jan 1970 00:00:00 GMT", out);
  CHECK(http::text_of(out) == "Date: Fri, 02 Jan 1970 00:00:00 GMT\r\nVia: 1.0 roost\r\n");
}

TEST_CASE("a request id is kept from a listed proxy, where it is usable") {
  const auto given = request({{"X-Request-Id", "abc-123"}});
  CHECK(given_request_id(given, true) == "abc-123");
  CHECK(given_request_id(given, false).empty());
  CHECK(given_request_id(request({}), true).empty());
  const std::string longest(kMaxRequestIdBytes, 'x');
  const std::string too_long(kMaxRequestIdBytes + 1, 'x');
  CHECK(given_request_id(request({{"X-Request-Id", longest.c_str()}}), true) == longest);
  CHECK(given_request_id(request({{"X-Request-Id", too_long.c_str()}}), true).empty());
  CHECK(given_request_id(request({{"X-Request-Id", "a b"}}), true).empty());
}

TEST_CASE("informational responses lose their hop-by-hop fields") {
  http::ResponseHead head;
  head.status = 103;
  head.fields.add("Link", "</a.css>; rel=preload");
  head.fields.add("Connection", "X-Hop");
  head.fields.add("X-Hop", "1");
  http::FieldBlock out;
  forward_informational_fields(head, out);
  CHECK(http::text_of(out) == "Link: </a.css>; rel=preload\r\n");
}

TEST_CASE("the host that is forwarded is the host that is keyed") {
  for (const char* scheme : {"http", "https"}) {
    for (const char* authority : {"shop.test", "SHOP.test", "shop.test:80", "Shop.test:443", "shop.test:8080"}) {
      auto head = request({{"Host", authority}});
      head.authority = authority;
      head.scheme = scheme;
      head.target = "/";
      const std::string text = forwarded(head, {"192.0.2.1", scheme, false, "id", {}}, ForwardPurpose::shared);
      CacheKey keyed;
      CacheKey sent;
      keyed.assign(scheme, authority, "/");
      const std::string host = text.substr(6, text.find('\r') - 6);
      CHECK(contains(text, ("X-Forwarded-Host: " + host + "\r\n").c_str()));
      sent.assign(scheme, host, "/");
      CHECK(keyed.text() == sent.text());
      CHECK(keyed.text().ends_with(host + "/"));
    }
  }
}

TEST_CASE("what only a proxy may say is forwarded from listed proxies alone") {
  for (const char* name :
       {"X-Real-IP", "x-forwarded-port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Original-URL", "X-REWRITE-URL",
        "True-Client-IP", "X-Client-IP", "CF-Connecting-IP", "Front-End-Https", "X_Forwarded_For", "X_Other", "_"}) {
    CAPTURE(name);
    const auto head = request({{name, "said"}});
    CHECK_FALSE(contains(forwarded(head, kStranger, ForwardPurpose::pass), "said"));
    CHECK(contains(forwarded(head, kListedProxy, ForwardPurpose::pass), "said"));
  }
  for (const char* name : {"X-HTTP-Method-Override", "X-Forwarded", "X-Real", "Cookie", "X-Api-Key", "Traceparent"}) {
    CAPTURE(name);
    CHECK(contains(forwarded(request({{name, "said"}}), kStranger, ForwardPurpose::pass), "said"));
  }
}

TEST_CASE("a request that comes back is told by Via") {
  const Origin marked{"192.0.2.1", "http", false, "id", "(1234abcd)"};
  const std::string text = forwarded(request({{"Via", "1.0 edge"}}), marked, ForwardPurpose::pass);
  CHECK(contains(text, "Via: 1.0 edge, 1.1 roost (1234abcd)\r\n"));
  CHECK(comes_back(request({{"Via", "1.0 edge, 1.1 roost (1234abcd)"}}), "(1234abcd)"));
  CHECK(comes_back(request({{"Via", "1.0 edge"}, {"Via", "1.1 roost (1234abcd), 1.1 other"}}), "(1234abcd)"));
  CHECK_FALSE(comes_back(request({{"Via", "1.1 roost (99999999)"}}), "(1234abcd)"));
  CHECK_FALSE(comes_back(request({{"Via", "1.1 roost"}}), ""));
  std::string chain = "1.1 roost";
  for (size_t hops = 1; hops < kMaxHops; ++hops) {
    CHECK_FALSE(comes_back(request({{"Via", chain.c_str()}}), "(1234abcd)"));
    chain += ", 1.1 roost";
  }
  CHECK(comes_back(request({{"Via", chain.c_str()}}), "(1234abcd)"));
}

TEST_CASE("Max-Forwards is counted down for OPTIONS and TRACE") {
  auto head = request({{"Max-Forwards", "7"}});
  for (const auto method : {http::Method::options, http::Method::trace}) {
    head.method = method;
    CHECK(contains(forwarded(head, kStranger, ForwardPurpose::pass), "Max-Forwards: 6\r\n"));
    CHECK(max_forwards_of(head).number == 7);
  }
  head.method = http::Method::get;
  CHECK(contains(forwarded(head, kStranger, ForwardPurpose::pass), "Max-Forwards: 7\r\n"));
  CHECK(max_forwards_of(head).kind == MaxForwards::Kind::none);
  for (const char* wrong : {"", "x", "-1", "1.5", "99999999999999999999"}) {
    head = request({{"Max-Forwards", wrong}});
    head.method = http::Method::options;
    CHECK(max_forwards_of(head).kind == MaxForwards::Kind::malformed);
  }
}
