#include <doctest/doctest.h>

#include "tests/common/http/server_fixture.h"

using roost::http::ServerFixture;
using roost::http::ServerLimits;

namespace {

struct Case {
  const char* what;
  std::string request;
  int status;  // 0: accepted
};

// The list of docs/http.md.
const Case kCases[] = {
    {"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"an empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"bare LF ends a line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
    {"bare LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
    {"bare CR as a field's end", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 5\r\n\r\n", 400},
    {"folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
    {"folded field with a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400},
    {"white space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", 400},
    {"white space before Content-Length's colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello", 400},
    {"Content-Length and Transfer-Encoding",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"Transfer-Encoding and Content-Length",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
    {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
    {"two equal lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
    {"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400},
    {"a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400},
    {"a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello", 400},
    {"a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello", 400},
    {"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello", 400},
    {"a length over 2^63", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 400},
    {"a length over 2^64", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
    {"a coding besides chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     501},
    {"chunked twice",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked misspelt", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"Host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"absolute form", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"target without slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"no version", "GET /\r\nHost: a\r\n\r\n", 505},
    {"NUL in a value", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 37), 400},
    {"control character in a value",
     "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01"
     "b\r\n\r\n",
     400},
    {"high byte in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"a name with a bracket", "GET / HTTP/1.1\r\nHost: a\r\nX[: a\r\n\r\n", 400},
    {"a line without colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
    {"an unknown expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 1\r\n\r\nx", 417},
};

int outcome(const std::string& request, bool slowly) {
  ServerFixture fixture;
  if (slowly) {
    fixture.memory_.feed_slowly(request);
  } else {
    fixture.memory_.feed(request);
  }
  fixture.turn();
  if (fixture.refused_status_ != 0) {
    CHECK(fixture.memory_.sent().starts_with("HTTP/1.1 " + std::to_string(fixture.refused_status_)));
    CHECK(fixture.memory_.sent().find("Connection: close") != std::string::npos);
  }
  return fixture.refused_status_;
}

}  // namespace

TEST_CASE("what is ambiguous is refused, whole or byte by byte") {
  for (const Case& one : kCases) {
    CAPTURE(one.what);
    CHECK_EQ(outcome(one.request, false), one.status);
    CHECK_EQ(outcome(one.request, true), one.status);
  }
}

TEST_CASE("a malformed chunked body is refused") {
  const char* bodies[] = {"5\nhello\r\n0\r\n\r\n",
                          "5 \r\nhello\r\n0\r\n\r\n",
                          "+5\r\nhello\r\n0\r\n\r\n",
                          "0x5\r\nhello\r\n0\r\n\r\n",
                          "5\r\nhelloX\r\n0\r\n\r\n",
                          "5\r\nhello0\r\n\r\n",
                          "\r\nhello\r\n0\r\n\r\n",
                          "-1\r\n\r\n",
                          "ffffffffffffffff1\r\nhello\r\n",
                          "5;\x01\r\nhello\r\n0\r\n\r\n",
                          "0\r\n x: y\r\n\r\n",
                          "g\r\n\r\n"};
  for (const char* body : bodies) {
    CAPTURE(body);
    for (const bool slowly : {false, true}) {
      ServerFixture fixture;
      fixture.answer_ = ServerFixture::Answer::at_end;
      const std::string request =
          std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") + body;
      if (slowly) {
        fixture.memory_.feed_slowly(request);
      } else {
        fixture.memory_.feed(request);
      }
      CHECK_EQ(fixture.refused_status_, 400);
      CHECK_FALSE(fixture.gone_.empty());
    }
  }
}

TEST_CASE("limits hold at their edge") {
  ServerLimits limits;
  limits.max_head_bytes = 200;
  limits.max_target_bytes = 50;
  limits.max_fields = 3;
  limits.max_body_bytes = 5;
  auto status = [&limits](const std::string& request) {
    ServerFixture fixture(limits);
    fixture.memory_.feed(request);
    return fixture.refused_status_;
  };
  auto with_head_of = [](size_t bytes) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    head.append(bytes - head.size() - 4, 'x');
    return head + "\r\n\r\n";
  };
  CHECK_EQ(status(with_head_of(200)), 0);
  CHECK_EQ(status(with_head_of(201)), 431);
  CHECK_EQ(status("GET /" + std::string(49, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  CHECK_EQ(status("GET /" + std::string(50, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  CHECK_EQ(status("GET /" + std::string(300, 'x')), 414);
  CHECK_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n"), 0);
  CHECK_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n"), 431);
  CHECK_EQ(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 0);
  CHECK_EQ(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhello!"), 413);
}

TEST_CASE("a chunked body over the limit is refused where it passes it") {
  ServerLimits limits;
  limits.max_body_bytes = 5;
  ServerFixture fixture(limits);
  fixture.answer_ = ServerFixture::Answer::at_end;
  fixture.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK_EQ(fixture.refused_status_, 0);
  fixture.memory_.feed("1\r\n!\r\n");
  CHECK_EQ(fixture.refused_status_, 413);
}
