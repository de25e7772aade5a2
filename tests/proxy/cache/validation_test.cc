#include "proxy/cache/validation.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using roost::cache::Ref;
using roost::http::Field;
using roost::http::FieldBlock;
using roost::http::ResponseHead;
using roost::proxy::can_validate;
using roost::proxy::StoredHead;
using roost::proxy::StoredResponse;
using roost::proxy::validated_head;

namespace {

Ref<StoredResponse> stored(int status, std::string_view fields, std::string_view etag, std::string_view last_modified) {
  StoredHead head;
  head.status = status;
  head.fields = FieldBlock(roost::http::fields_of(fields));
  head.etag = etag;
  head.last_modified = last_modified;
  head.times = {0, 0, 60'000};
  return StoredResponse::make("k", head, {});
}

std::string shown(const ResponseHead& head) {
  std::string text;
  for (const Field& field : head.fields) text.append(field.name).append("=").append(field.value).append("|");
  return text;
}

}  // namespace

TEST_CASE("only a 200 with a validator can be validated") {
  CHECK(can_validate(*stored(200, {}, "\"e\"", {})));
  CHECK(can_validate(*stored(200, {}, {}, "then")));
  CHECK_FALSE(can_validate(*stored(200, {}, {}, {})));
  CHECK_FALSE(can_validate(*stored(404, {}, "\"e\"", {})));
}

TEST_CASE("the conditions are those the stored response has what they need for") {
  FieldBlock lines;
  roost::proxy::add_conditions(*stored(200, {}, "\"e\"", "then"), lines);
  CHECK(roost::http::text_of(lines) == "If-None-Match: \"e\"\r\nIf-Modified-Since: then\r\n");
  lines.clear();
  roost::proxy::add_conditions(*stored(200, {}, {}, "then"), lines);
  CHECK(roost::http::text_of(lines) == "If-Modified-Since: then\r\n");
}

TEST_CASE("a 304 confirms what has its ETag, or its Last-Modified when it has no ETag") {
  const auto confirms = [](std::string_view etag, std::string_view last_modified, const StoredResponse& about) {
    ResponseHead answer;
    answer.status = 304;
    if (!etag.empty()) answer.fields.add("ETag", etag);
    if (!last_modified.empty()) answer.fields.add("Last-Modified", last_modified);
    return roost::proxy::confirms(answer, about);
  };
  const auto both = stored(200, {}, "\"e\"", "then");
  CHECK(confirms({}, {}, *both));
  CHECK(confirms("\"e\"", {}, *both));
  CHECK(confirms("\"e\"", "later", *both));
  CHECK(confirms("W/\"e\"", {}, *both));
  CHECK(confirms("\"e\"", {}, *stored(200, {}, "W/\"e\"", {})));
  CHECK_FALSE(confirms("\"f\"", {}, *both));
  CHECK_FALSE(confirms("\"f\"", "then", *both));
  CHECK_FALSE(confirms("W/\"f\"", {}, *both));
  CHECK_FALSE(confirms("\"E\"", {}, *both));
  CHECK(confirms({}, "then", *both));
  CHECK_FALSE(confirms({}, "later", *both));
  const auto dated = stored(200, {}, {}, "then");
  CHECK_FALSE(confirms("\"e\"", "then", *dated));
  CHECK(confirms({}, "then", *stored(200, {}, "\"e\"", {})));
}

TEST_CASE("a 304 replaces fields of the same name, but for those about the bytes") {
  const auto old = stored(200,
                          "Content-Type: text/plain\r\nETag: \"e\"\r\nCache-Control: max-age=1\r\nX-A: 1\r\nX-A: 2\r\n"
                          "X-B: 3\r\nDate: then\r\nVia: 1.1 a, 1.1 roost\r\n",
                          "\"e\"", {});
  ResponseHead answer;
  answer.status = 304;
  answer.fields.add("cache-control", "max-age=60");
  answer.fields.add("x-a", "4");
  answer.fields.add("Content-Type", "text/html");
  answer.fields.add("Content-Length", "7");
  answer.fields.add("ETag", "W/\"e\"");
  answer.fields.add("Age", "5");
  answer.fields.add("Via", "1.1 a");
  const ResponseHead head = validated_head(*old, answer);
  CHECK(head.status == 200);
  CHECK(shown(head) == "Content-Type=text/plain|ETag=\"e\"|X-B=3|cache-control=max-age=60|x-a=4|Age=5|Via=1.1 a|");
  CHECK(head.body.bytes == 0);
}

TEST_CASE("a 304 that says nothing leaves all but the date and the way") {
  const auto old = stored(200, "X: \r\nDate: then\r\nVia: 1.1 roost\r\nCache-Control: max-age=9\r\n", "\"e\"", {});
  CHECK(shown(validated_head(*old, ResponseHead{})) == "X=|Cache-Control=max-age=9|");
}
