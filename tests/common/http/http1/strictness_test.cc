// What is let in and what is refused, case by case (docs/http.md), however the bytes are cut into reads.

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "tests/common/http/http1/server_fixture.h"

namespace roost::http {
namespace {

using namespace std::string_literals;

struct Case {
  std::string name;
  std::string bytes;
  std::vector<int> answers;
};

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

const Case kCases[] = {
    // ---- let in
    {"plain", get(""), {200}},
    {"one empty line before", "\r\n" + get(""), {200}},
    {"one empty line between", get("") + "\r\n" + get(""), {200, 200}},
    {"pipelined", get("") + get("") + get(""), {200, 200, 200}},
    {"empty value", get("A:\r\n"), {200}},
    {"spaces around a value", get("A: \t b \t\r\n"), {200}},
    {"obs-text in a value", get("A: caf\xe9\r\n"), {200}},
    {"absolute form", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", {200}},
    {"absolute form without path", "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", {200}},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {200}},
    {"method of 32 letters", std::string(32, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", {200}},
    {"WebDAV method", "VERSION-CONTROL / HTTP/1.1\r\nHost: a\r\n\r\n", {200}},
    {"empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", {200}},
    {"highest port", "GET / HTTP/1.1\r\nHost: a:65535\r\n\r\n", {200}},
    {"port above the highest", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", {400}},
    {"port that is no number", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", {400}},
    {"two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", {400}},
    {"IPv6 host without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", {400}},
    {"IPv6 host that does not end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", {400}},
    {"text behind an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", {400}},
    {"bracket in a name", "GET / HTTP/1.1\r\nHost: a]\r\n\r\n", {400}},
    {"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", {200}},
    {"length", post("Content-Length: 5\r\n", "hello") + get(""), {200, 200}},
    {"length of zero", post("Content-Length: 0\r\n", "") + get(""), {200, 200}},
    {"leading zeros", post("Content-Length: 005\r\n", "hello") + get(""), {200, 200}},
    {"chunked", chunked("5\r\nhello\r\n0\r\n\r\n") + get(""), {200, 200}},
    {"CHUNKED", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n") + get(""), {200, 200}},
    {"chunk extension", chunked("5;a=b\r\nhello\r\n0;c\r\n\r\n") + get(""), {200, 200}},
    {"trailers", chunked("0\r\nA: b\r\nC: d\r\n\r\n") + get(""), {200, 200}},
    {"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", {200}},
    {"HTTP/1.0 kept", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get(""), {200, 200}},
    {"asked to close", get("Connection: close\r\n") + get(""), {200}},
    {"upgrade is ignored", get("Connection: Upgrade\r\nUpgrade: h2c\r\n") + get(""), {200, 200}},
    {"body of a GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" + get(""), {200, 200}},
    // ---- the line structure (RFC 9112 §2.2, §5.2)
    {"two empty lines before", "\r\n\r\n" + get(""), {400}},
    {"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", {400}},
    {"bare LF in fields", get("A: b\nC: d\r\n"), {400}},
    {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", {400}},
    {"bare CR in a value", get("A: b\rC: d\r\n"), {400}},
    {"CR CR LF", get("A: b\r\r\n"), {400}},
    {"bare CR in the request line", "GET /\rHTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"bare CR before the first field", "GET / HTTP/1.1\r\n\rHost: a\r\n\r\n", {400}},
    {"folded", get("A: b\r\n c\r\n"), {400}},
    {"folded, in a head that is not whole yet", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n", {400}},
    {"folded by a tab", get("A: b\r\n\tc\r\n"), {400}},
    {"folded first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", {400}},
    // ---- the request line (§3)
    {"no version", "GET /\r\n\r\n", {400}},
    {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"space at its end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", {400}},
    {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"control character in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, {400}},
    {"bytes over 127 in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"asterisk of a GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"authority form", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"absolute form with a query and no path", "GET http://b?x HTTP/1.1\r\nHost: a\r\n\r\n", {200}},
    {"user information", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"absolute form without host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"fragment only", "GET #x HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", {501}},
    {"method with a digit", "GET2 / HTTP/1.1\r\nHost: a\r\n\r\n", {501}},
    {"method of 33 letters", std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", {501}},
    {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", {501}},
    {"method of no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", {505}},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", {505}},
    {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", {505}},
    {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", {400}},
    {"http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", {400}},
    {"ICE", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", {400}},
    {"RTSP", "DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", {400}},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}},
    {"TLS greeting", "\x16\x03\x01\x02", {400}},
    // ---- fields (§5)
    {"space before the colon", get("A : b\r\n"), {400}},
    {"space before the colon of Content-Length", post("Content-Length : 5\r\n", "hello"), {400}},
    {"tab before the colon of Transfer-Encoding", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"), {400}},
    {"space in a name", get("A B: c\r\n"), {400}},
    {"no colon", get("A\r\n"), {400}},
    {"no name", get(": b\r\n"), {400}},
    {"control character in a value", get("A: b\x02\r\n"), {400}},
    {"NUL in a value", get("A: b\0c\r\n"s), {400}},
    {"DEL in a value", get("A: b\x7f\r\n"), {400}},
    {"byte over 127 in a name", get("\xc3\xa9: b\r\n"), {400}},
    // ---- Host (§3.2)
    {"no host", "GET / HTTP/1.1\r\n\r\n", {400}},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", {400}},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", {400}},
    {"list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", {400}},
    {"path in host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", {400}},
    {"user information in host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", {400}},
    {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", {400}},
    // ---- framing (§6)
    {"length and coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), {400}},
    {"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), {400}},
    {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), {400}},
    {"two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), {400}},
    {"list of lengths", post("Content-Length: 5, 5\r\n", "hello"), {400}},
    {"signed length", post("Content-Length: +5\r\n", "hello"), {400}},
    {"negative length", post("Content-Length: -5\r\n", "hello"), {400}},
    {"hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), {400}},
    {"empty length", post("Content-Length:\r\n", "hello"), {400}},
    {"length with a space", post("Content-Length: 1 0\r\n", "hello"), {400}},
    {"length over 64 bits", post("Content-Length: 18446744073709551621\r\n", "hello"), {400}},
    {"length over 63 bits", post("Content-Length: 9223372036854775808\r\n", ""), {400}},
    {"another coding", post("Transfer-Encoding: gzip\r\n", ""), {400}},
    {"codings", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), {501}},
    {"chunked not last", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), {400}},
    {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), {400}},
    {"identity", post("Transfer-Encoding: identity\r\n", ""), {400}},
    {"quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), {400}},
    {"vertical tab before chunked",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n",
          "0\r\n\r\n"),
     {400}},
    {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}},
    {"unknown expectation", post("Expect: magic\r\nContent-Length: 1\r\n", "x"), {417}},
    // ---- chunks (§7.1)
    {"empty size", chunked("\r\nhello\r\n0\r\n\r\n"), {400}},
    {"no digit", chunked("g\r\n\r\n"), {400}},
    {"list element behind chunked", post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), {501}},
    {"tab behind a length", post("Content-Length: 5\t\r\n", "hello"), {400}},
    {"tab before a length", post("Content-Length:\t5\r\n", "hello"), {400}},
    {"tab behind chunked", post("Transfer-Encoding: chunked \t\r\n", "0\r\n\r\n"), {400}},
    {"no coding", post("Transfer-Encoding:\r\n", "0\r\n\r\n"), {400}},
    {"spaces around a length", post("Content-Length:  5  \r\n", "hello"), {200}},
    {"signed size", chunked("+5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"negative size", chunked("-5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"0x size", chunked("0x5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"space before the size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"space behind the size", chunked("5 \r\nhello\r\n0\r\n\r\n"), {400}},
    {"size of 16 digits", chunked("0000000000000005\r\nhello\r\n0\r\n\r\n"), {400}},
    {"bare LF behind the size", chunked("5\nhello\r\n0\r\n\r\n"), {400}},
    {"bare CR behind the size", chunked("5\rhello\r\n0\r\n\r\n"), {400}},
    {"bare LF behind the data", chunked("5\r\nhello\n0\r\n\r\n"), {400}},
    {"data longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n"), {400}},
    {"control character in an extension", chunked("5;\x01\r\nhello\r\n0\r\n\r\n"), {400}},
    {"LF in an extension", chunked("5;a\nhello\r\n0\r\n\r\n"), {400}},
    {"endless extension", chunked("5;" + std::string(2000, 'x')), {400}},
    {"bare LF behind the last chunk", chunked("0\n\n"), {400}},
    {"bare LF in trailers", chunked("0\r\nA: b\n\r\n"), {400}},
    {"folded trailer", chunked("0\r\n A: b\r\n\r\n"), {400}},
    {"endless trailers", chunked("0\r\nA: " + std::string(9000, 'x')), {400}},
};

std::string outcome(const std::string& bytes, size_t split, bool slowly) {
  ServerFixture fixture;
  fixture.answer_ = ServerFixture::Answer::at_end;
  if (slowly) {
    for (const char byte : bytes) fixture.feed({&byte, 1});
  } else {
    fixture.feed(std::string_view(bytes).substr(0, split));
    fixture.feed(std::string_view(bytes).substr(split));
  }
  std::string told = fixture.memory_.sent();
  told += fmt::format("refused: {} {}\n", fixture.refused_status_, fixture.refused_why_);
  for (const std::string& request : fixture.requests_) told += request + "\n";
  told += fmt::format("body: {} ends: {} gone: {}\n", fixture.body_, fixture.ends_, fixture.gone_);
  return told + (fixture.memory_.shut_down() || fixture.closed() ? "closed" : "open");
}

TEST_CASE("each case is answered as docs/http.md says") {
  for (const Case& one : kCases) {
    CAPTURE(one.name);
    ServerFixture fixture;
    fixture.answer_ = ServerFixture::Answer::at_end;
    fixture.feed(one.bytes);
    CHECK_EQ(fixture.statuses(), one.answers);
    if (one.answers.back() == 200) continue;
    CHECK(fixture.memory_.shut_down());
    CHECK_NE(fixture.memory_.sent().find("Connection: close\r\n"), std::string::npos);
    CHECK_NE(fixture.memory_.sent().find("application/problem+json"), std::string::npos);
    // Whoever has the request hears of it, and otherwise the acceptor.
    CHECK_EQ(fixture.refused_status_ == 0, !fixture.gone_.empty());
  }
}

TEST_CASE("how bytes are cut into reads changes nothing") {
  for (const Case& one : kCases) {
    CAPTURE(one.name);
    const std::string whole = outcome(one.bytes, one.bytes.size(), false);
    CHECK_EQ(outcome(one.bytes, 0, true), whole);
    const size_t step = one.bytes.size() > 500 ? 97 : 1;
    for (size_t split = 1; split < one.bytes.size(); split += step) {
      CAPTURE(split);
      CHECK_EQ(outcome(one.bytes, split, false), whole);
    }
  }
}

TEST_CASE("what the acceptor sees of a head") {
  ServerFixture fixture;
  fixture.feed("POST http://b:81/x/y?q=1 HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nx-one:\t2\r\nEmpty:\r\n\r\n");
  REQUIRE_EQ(fixture.requests_.size(), 1);
  CHECK_EQ(fixture.requests_.front(), "POST b:81 /x/y?q=1");  // the absolute form's authority wins
  CHECK_EQ(fixture.fields_, std::vector<std::string>{"Host=a", "X-One=1", "x-one=2", "Empty="});
  fixture.feed("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_EQ(fixture.requests_.back(), "OPTIONS b *");
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
  CHECK_EQ(fixture.statuses(), std::vector<int>{413});
  CHECK_EQ(fixture.gone_, "the body is over the limit");
  CHECK_EQ(fixture.refused_status_, 0);
}

}  // namespace
}  // namespace roost::http
