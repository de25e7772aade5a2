#include "proxy/fetching/kept_head.h"

#include <memory>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

TEST_CASE("a kept head outlives the bytes it was parsed from, and is used again") {
  KeptHead kept;
  for (int round = 0; round < 2; ++round) {
    auto bytes = std::make_unique<std::string>("GET /path?query=1 host.example Accept text/plain X-Empty");
    const std::string_view all = *bytes;
    http::RequestHead head;
    head.method = http::Method::get;
    head.method_text = all.substr(0, 3);
    head.target = all.substr(4, 13);
    head.path = head.target.substr(0, 5);
    head.query = head.target.substr(6);
    head.authority = all.substr(18, 12);
    head.fields.add(all.substr(31, 6), all.substr(38, 10));
    head.fields.add(all.substr(49, 7), {});
    kept.keep(head);
    bytes->assign(bytes->size(), '#');
    bytes.reset();
    CHECK(kept.head().method_text == "GET");
    CHECK(kept.head().path == "/path");
    CHECK(kept.head().query == "query=1");
    CHECK(kept.head().authority == "host.example");
    CHECK(kept.fields().size() == 2);
    CHECK(kept.fields().value(http::FieldId::accept) == "text/plain");
    CHECK(kept.fields().find("x-empty") != nullptr);
  }
}

TEST_CASE("a kept HEAD may be a GET") {
  http::RequestHead head;
  head.method = http::Method::head;
  head.method_text = "HEAD";
  head.target = head.path = "/path";
  KeptHead kept;
  kept.keep_as_get(head);
  CHECK(kept.head().method == http::Method::get);
  CHECK(kept.head().method_text == "GET");
  CHECK(kept.head().target == "/path");
  CHECK(kept.head().path == "/path");
}
