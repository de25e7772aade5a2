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

std::string mutated(std::mt19937& random) {
  auto below = [&random](size_t bound) { return static_cast<size_t>(random() % bound); };
  std::string head = kHeads[below(std::size(kHeads))];
  for (size_t changes = below(3); changes + 1 > 0; --changes) {
    const size_t at = below(head.size());
    switch (below(3)) {
      case 0:
        head.erase(at, 1 + below(3));
        break;
      case 1:
        head.insert(at, kPieces[below(std::size(kPieces))]);
        break;
      default:
        head.replace(at, 1, kPieces[below(std::size(kPieces))]);
    }
    if (head.empty()) break;
  }
  return head;
}

TEST_CASE("llhttp reads every head that is let in, and reads the same") {
  std::mt19937 random(2);
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string head = mutated(random);
    const Agreement agreement(head);
    accepted += agreement.accepted;
    if (agreement.difference.empty()) continue;
    CAPTURE(head);
    CHECK_EQ(agreement.difference, "");
  }
  CHECK_GT(accepted, 10'000);
}

}  // namespace
}  // namespace roost::http
