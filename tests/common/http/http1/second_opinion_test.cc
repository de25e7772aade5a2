#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "tests/common/http/http1/agreement.h"

namespace roost::http {
namespace {

const std::string kHeads[] = {
    "GET /a?b=c HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nContent-Type: text/plain\r\n\r\n",
    "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    "GET http://b/x HTTP/1.0\r\nConnection: keep-alive, x\r\nCookie: a=b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
};
const std::string kPieces[] = {
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    ":",
    ",",
    ";",
    "0",
    "9",
    "+",
    "-",
    "\x0b",
    "\xff",
    "\"",
    "a: b\r\n",
    "chunked",
    "identity",
    "close",
    "\x7f",
    "A",
    "\r\n ",
    "Content-Length: 12\r\n",
    "Host: a\r\n",
    "Transfer-Encoding: chunked\r\n",
    "#",
    "%",
    "|",
    "\\",
    "{",
    "^",
};

const std::string kResponseHeads[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nETag: \"a\"\r\n\r\n",
    "HTTP/1.0 404 \r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.1 304\r\nDate: x\r\n\r\n",
    "HTTP/1.1 200 Fine by me\r\nTransfer-Encoding: chunked\r\nVary: a, b\r\n\r\n",
};
const std::string kBodies[] = {
    "5\r\nhello\r\n0\r\n\r\n",
    "1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n00\r\nA: b\r\n\r\nGET",
    "1\r\na\r\n2;q=\"z\"\r\nbc\r\n0;c\r\n\r\n",
};

template <size_t kCount>
std::string mutated(std::mt19937& random, const std::string (&texts)[kCount]) {
  auto below = [&random](size_t bound) { return static_cast<size_t>(random() % bound); };
  std::string text = texts[below(kCount)];
  for (size_t changes = below(3); changes + 1 > 0; --changes) {
    const size_t at = below(text.size());
    switch (below(3)) {
      case 0:
        text.erase(at, 1 + below(3));
        break;
      case 1:
        text.insert(at, kPieces[below(std::size(kPieces))]);
        break;
      default:
        text.replace(at, 1, kPieces[below(std::size(kPieces))]);
    }
    if (text.empty()) break;
  }
  return text;
}

struct Counts {
  int accepted = 0;
  int stricter = 0;
  void add(const std::string& text, const Agreement& agreement) {
    accepted += agreement.accepted;
    stricter += agreement.stricter;
    if (agreement.difference.empty()) return;
    CAPTURE(text);
    CHECK_EQ(agreement.difference, "");
  }
};

TEST_CASE("the one-pass parser reads every request head that is let in, and reads the same") {
  std::mt19937 random(2);
  Counts counts;
  for (int i = 0; i < 100'000; ++i) {
    const std::string head = mutated(random, kHeads);
    counts.add(head, Agreement::on_request(head));
  }
  CHECK_GT(counts.accepted, 10'000);
  CHECK_LT(counts.stricter, counts.accepted / 20);
}

TEST_CASE("the one-pass parser reads every response head that is let in, and reads the same") {
  std::mt19937 random(3);
  Counts counts;
  for (int i = 0; i < 50'000; ++i) {
    const std::string head = mutated(random, kResponseHeads);
    counts.add(head, Agreement::on_response(head, i % 8 == 0));
  }
  CHECK_GT(counts.accepted, 8'000);
  CHECK_LT(counts.stricter, counts.accepted / 20);
}

TEST_CASE("a head is read alike whether it comes whole, in two pieces or by bytes") {
  std::mt19937 random(5);
  const auto told = [](std::string_view bytes, size_t first, size_t step) {
    HeadReader reader;
    RequestHead head;
    HeadReader::Reading reading;
    for (size_t size = first;; size = std::min(size + step, bytes.size())) {
      reading = reader.read_request(bytes.substr(0, size), Fields::kMaxFields, head);
      if (reading.verdict != HeadReader::Verdict::incomplete || size == bytes.size()) break;
    }
    const bool complete = reading.verdict == HeadReader::Verdict::complete;
    return fmt::format("{} {} {} {}", static_cast<int>(reading.verdict), reading.refusal.status,
                       complete ? reading.head_bytes : 0, complete ? head.target : "");
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string head = mutated(random, kHeads);
    if (head.empty()) continue;
    CAPTURE(head);
    const std::string whole = told(head, head.size(), 1);
    CHECK_EQ(told(head, 1, 1), whole);
    CHECK_EQ(told(head, head.size() / 2, head.size()), whole);
  }
}

TEST_CASE("the one-pass decoder reads every chunked body that is let in, and reads the same") {
  std::mt19937 random(4);
  Counts counts;
  for (int i = 0; i < 50'000; ++i) {
    const std::string body = mutated(random, kBodies);
    counts.add(body, Agreement::on_body(body));
    const std::string whole = Agreement::decoded<BodyDecoder>(body, body.size() + 1);
    CHECK_EQ(Agreement::decoded<BodyDecoder>(body, 1), whole);
    CHECK_EQ(Agreement::decoded<BodyDecoder>(body, 3), whole);
  }
  CHECK_GT(counts.accepted, 5'000);
  CHECK_LT(counts.stricter, counts.accepted / 2);
}

}  // namespace
}  // namespace roost::http
