#include "proxy/routing/route_path.h"

#include <doctest/doctest.h>

using namespace roost::proxy;

TEST_CASE("which paths every backend reads alike") {
  for (const char* path :
       {"/", "", "*", "/a", "/a/", "/a.b/c..d/e.", "/caf%C3%A9", "/a%20b", "/~a-b_c", "/a:b@c,d=e"}) {
    CAPTURE(path);
    CHECK(is_plain_path(path));
  }
  for (const char* path :
       {"//",    "/a//b", "/.",    "/a/./b", "/a/..", "/.well-known", "/a;b",       "/a\\b", "/%61", "/a%2Fb",
        "/a%5C", "/a%3B", "/a%3F", "/a%23",  "/a%00", "/a%25",        "/caf%c3%a9", "/%",    "/%4",  "/%zz"}) {
    CAPTURE(path);
    CHECK_FALSE(is_plain_path(path));
  }
}

TEST_CASE("normal form") {
  struct Row {
    const char *path, *normal;
  };
  const Row rows[] = {
      {"", "/"},
      {"/", "/"},
      {"/a/", "/a"},
      {"//a///b", "/a/b"},
      {"/%61/./b;v=1//c/../d", "/a/b/d"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%5cb", "/a%5Cb"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/a/%2e%2E", "/"},
      {"/;x/a", "/a"},
      {"/.well-known", "/.well-known"},
      {"/a%", "/a%"},
      {"/a%4", "/a%4"},
      {"/a%zz", "/a%zz"},
      {"/%25%36%31", "/%2561"},
      {"/caf%c3%a9", "/caf%C3%A9"},
  };
  for (const Row& row : rows) CHECK_EQ(normal_path(row.path), row.normal);
}

TEST_CASE("all escapes decoded") {
  struct Row {
    const char *path, *decoded, *resolved;
  };
  const Row rows[] = {
      {"/a%2F..%5cb%3bx", "/a/../b", "/b"},
      {"/a%3Fb/c%23d;e", "/a/c", "/a/c"},
      {"/a%00b", "/a", "/a"},
      {"/%2561", "/a", "/a"},
      {"/%2525252561", "/%61", "/%61"},
      {"/a//b/", "/a//b/", "/a/b"},
      {"/%zz", "/%zz", "/%zz"},
  };
  for (const Row& row : rows) {
    CHECK_EQ(decoded_path(row.path), row.decoded);
    CHECK_EQ(resolve_dots(row.decoded), row.resolved);
  }
}

TEST_CASE("segments in order") {
  CHECK(has_segments_in_order("/a/b", "/a/b"));
  CHECK(has_segments_in_order("/x/a/../b", "/a/b"));
  CHECK(has_segments_in_order("/a", ""));
  CHECK(has_segments_in_order("/a", "/"));
  CHECK_FALSE(has_segments_in_order("/b/a", "/a/b"));
  CHECK_FALSE(has_segments_in_order("/ab", "/a"));
  CHECK_FALSE(has_segments_in_order("/a", "/a/b"));
}
