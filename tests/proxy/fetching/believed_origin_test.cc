#include "proxy/fetching/believed_origin.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

TEST_CASE("the scheme that a trusted proxy was asked by") {
  struct Row {
    const char *said, *believed;
  };
  for (const Row& row : {Row{"https", "https"},
                         {"HTTPS", "https"},
                         {"http", "http"},
                         {"http, https", "https"},
                         {"ws", "http"},
                         {"", "http"},
                         {"https ,", "https"},
                         {"https x", "http"}}) {
    CAPTURE(row.said);
    http::Fields fields;
    fields.add("X-Forwarded-Proto", row.said);
    CHECK(says_origin(fields));
    CHECK(believed_scheme(fields, "http") == row.believed);
  }
  CHECK_FALSE(says_origin({}));
  CHECK(believed_scheme({}, "https") == "https");
}

TEST_CASE("the host that a trusted proxy was asked for: its own word is the last") {
  struct Row {
    const char *said, *believed;
  };
  for (const Row& row : {Row{"a.example", "a.example"},
                         {"evil.example, a.example:8080", "a.example:8080"},
                         {"[::1]:80", "[::1]:80"},
                         {"a/b", ""},
                         {"a b", ""},
                         {"a@b", ""},
                         {"", ""}}) {
    CAPTURE(row.said);
    http::Fields fields;
    fields.add("X-Forwarded-Host", row.said);
    CHECK(believed_host(fields) == row.believed);
  }
  CHECK(believed_host({}).empty());
}
