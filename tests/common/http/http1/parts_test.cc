// Fields, messages, dates and the body decoder: what needs no connection.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/http/date.h"
#include "common/http/field_block.h"
#include "common/http/http1/body_decoder.h"
#include "common/http/http1/chunk_rules.h"
#include "common/http/http1/head_reader.h"
#include "common/http/http1/server_state.h"
#include "common/http/message.h"
#include "tests/support/aborts.h"
#include "tests/support/moves.h"

namespace roost::http {
namespace {

TEST_CASE("known field names are told from others, whatever their case") {
  CHECK_EQ(field_id("Content-Length"), FieldId::content_length);
  CHECK_EQ(field_id("content-length"), FieldId::content_length);
  CHECK_EQ(field_id("CONTENT-LENGTH"), FieldId::content_length);
  CHECK_EQ(field_id("te"), FieldId::te);
  CHECK_EQ(field_id("X-Request-Id"), FieldId::x_request_id);
  CHECK_EQ(field_id("Cache-Group-Invalidation"), FieldId::cache_group_invalidation);
  for (const char* other : {"", "t", "content-lengt", "content-lengthh", "content_length", "xontent-length", "x"}) {
    CHECK_EQ(field_id(other), FieldId::other);
  }
}

TEST_CASE("a client's connection makes these moves and no others") {
  using State = ServerState::State;
  CHECK(moves_are<ServerState>(State::closed,
                               {{State::idle, State::reading_head},      {State::idle, State::exchanging},
                                {State::idle, State::lingering},         {State::idle, State::closed},
                                {State::reading_head, State::idle},      {State::reading_head, State::exchanging},
                                {State::reading_head, State::lingering}, {State::reading_head, State::closed},
                                {State::exchanging, State::idle},        {State::exchanging, State::draining},
                                {State::exchanging, State::flushing},    {State::exchanging, State::lingering},
                                {State::exchanging, State::closed},      {State::draining, State::idle},
                                {State::draining, State::flushing},      {State::draining, State::lingering},
                                {State::draining, State::closed},        {State::flushing, State::idle},
                                {State::flushing, State::lingering},     {State::flushing, State::closed},
                                {State::lingering, State::closed}}));
}

TEST_CASE("fields keep their order and their duplicates, up to a bound") {
  Fields fields;
  CHECK(fields.add("Vary", "a"));
  CHECK(fields.add("X", "1"));
  CHECK(fields.add("vary", "b, c"));
  CHECK(fields.has(FieldId::vary));
  CHECK_FALSE(fields.has(FieldId::host));
  CHECK_EQ(fields.count(FieldId::vary), 2);
  CHECK_EQ(fields.value(FieldId::vary), "a");
  CHECK_EQ(fields.value(FieldId::host), "");
  CHECK_EQ(fields.find("x")->value, "1");
  CHECK_EQ(fields.find("y"), nullptr);
  CHECK_EQ(fields.combined(FieldId::vary), "a, b, c");
  CHECK_EQ(fields.combined("X"), "1");
  CHECK_FALSE(fields.combined(FieldId::host).has_value());
  while (fields.size() < Fields::kMaxFields) CHECK(fields.add("X", ""));
  CHECK_FALSE(fields.add("X", ""));
  fields.clear();
  CHECK_FALSE(fields.has(FieldId::vary));
  CHECK_EQ(fields.size(), 0);
}

TEST_CASE("list elements") {
  auto elements = [](std::string_view list) {
    std::string all;
    for_each_list_element(list, [&all](std::string_view element) { all.append("[").append(element).append("]"); });
    return all;
  };
  CHECK_EQ(elements("a, b ,c"), "[a][b][c]");
  CHECK_EQ(elements(" , ,a,, "), "[a]");
  CHECK_EQ(elements(""), "");
  CHECK_EQ(elements("a=\"b,c\", d"), "[a=\"b,c\"][d]");
  CHECK_EQ(elements("\"\\\",\", e"), "[\"\\\",\"][e]");
  CHECK_EQ(elements("\"open, b"), "[\"open, b]");
  CHECK_EQ(elements("\"\\"), "[\"\\]");
}

TEST_CASE("a field block keeps what is added to it") {
  FieldBlock block;
  CHECK(block.empty());
  block.add("A", "b");
  block.add("N", uint64_t{18446744073709551615U});
  block.add("Via", {"1.1", " roost", ""});
  CHECK_EQ(block.bytes(), "A: b\r\nN: 18446744073709551615\r\nVia: 1.1 roost\r\n");
  FixedFieldBlock<64> fixed;
  fixed.add("Age", "", 7);
  fixed.add("X", "is ", INT64_MIN);
  block.append(fixed);
  CHECK_EQ(fixed.view().bytes(), "Age: 7\r\nX: is -9223372036854775808\r\n");
  CHECK_EQ(block.bytes(), "A: b\r\nN: 18446744073709551615\r\nVia: 1.1 roost\r\n" + std::string(fixed.view().bytes()));
  block.clear();
  CHECK(block.empty());
}

TEST_CASE("the fields of a block can be gone through, also when its bytes were kept") {
  const FieldBlock block{{"Content-Type", "a: b:c"}, {"X-Empty", ""}, {"VIA", "1.1 x"}};
  const std::string kept(block.bytes());
  std::string seen;
  for (const Field field : FieldBlockView::from_bytes(kept)) {
    seen.append(field.name).append("=").append(field.value).append(field.id == FieldId::other ? "" : "!").append("|");
  }
  CHECK_EQ(seen, "Content-Type=a: b:c!|X-Empty=|VIA=1.1 x!|");
  for (const Field field : FieldBlockView()) CHECK_EQ(field.name, "nothing");
}

TEST_CASE("methods and phrases") {
  CHECK(is_safe(Method::get));
  CHECK_FALSE(is_safe(Method::put));
  CHECK(is_idempotent(Method::put));
  CHECK_FALSE(is_idempotent(Method::post));
  CHECK_FALSE(is_idempotent(Method::patch));
  CHECK_EQ(reason_phrase(404), "Not Found");
  CHECK_EQ(reason_phrase(599), "Unknown");
}

TEST_CASE("hop-by-hop fields are some that always are, and those that Connection lists") {
  for (const int more_options : {0, 5, 6, 20}) {  // Connection lists three besides; eight are kept
    CAPTURE(more_options);
    Fields fields;
    fields.add("Keep-Alive", "");
    fields.add("X-Own", "");
    fields.add("X-Other", "");
    fields.add("X-Last", "");
    fields.add("Connection", "close, x-own");
    std::string listed;
    for (int i = 0; i < more_options; ++i) listed.append("a").append(std::to_string(i)).append(",");
    listed.append("x-last");
    fields.add("Connection", listed);
    const HopByHopFields hop_by_hop(fields);
    CHECK(hop_by_hop.contains(fields.begin()[0]));
    CHECK_FALSE(hop_by_hop.names(fields.begin()[0]));
    CHECK(hop_by_hop.contains(fields.begin()[1]));
    CHECK(hop_by_hop.names(fields.begin()[1]));
    CHECK_FALSE(hop_by_hop.contains(fields.begin()[2]));
    CHECK(hop_by_hop.contains(fields.begin()[3]));
    CHECK(hop_by_hop.contains(fields.begin()[4]));
  }
  Fields fields;
  fields.add("X-Own", "");
  CHECK_FALSE(HopByHopFields(fields).contains(fields.begin()[0]));
}

TEST_CASE("a value that would end its line is a programmer error, wherever it does") {
  for (const char c : {'\r', '\n', '\0'}) {
    for (const size_t at : {0, 7, 8, 15, 16, 18}) {
      std::string value(19, 'x');
      value[at] = c;
      CAPTURE(at);
      CHECK(aborts([&] { FieldBlock().add("Name", value); }));
    }
  }
  FieldBlock block;
  block.add("Name", std::string(1, '\x8d') + "\x8a\x80\xff\x01\x0e\x0c\x0b\t");
  CHECK_FALSE(block.empty());
}

TEST_CASE("dates in all three forms") {
  const int64_t moment = 784111777;
  CHECK_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), moment);
  CHECK_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), moment);
  CHECK_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), moment);
  const auto text = format_http_date(moment);
  CHECK_EQ(std::string_view(text.data(), text.size()), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const int64_t second : {int64_t{0}, int64_t{951782400}, int64_t{4102444799}}) {
    const auto formatted = format_http_date(second);
    CHECK_EQ(parse_http_date({formatted.data(), formatted.size()}), second);
  }
  for (const char* bad : {"", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMTx",
                          "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                          "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "0", "-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad).has_value());
  }
}

TEST_CASE("the date of now is made once a second") {
  HttpDateCache cache;
  const std::string first(cache.at_unix_ms(784111777'000));
  CHECK_EQ(first, "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK_EQ(cache.at_unix_ms(784111777'999), first);
  CHECK_EQ(cache.at_unix_ms(784111778'000), "Sun, 06 Nov 1994 08:49:38 GMT");
}

TEST_CASE("the body decoder's bounds") {
  auto decode = [](std::string body) {
    BodyDecoder decoder;
    decoder.start({Framing::Kind::chunked, 0});
    std::string_view rest = body;
    while (true) {
      const auto event = decoder.next(rest);
      if (event != BodyDecoder::Event::content) return event;
    }
  };
  const std::string last = "\r\n0\r\n\r\n";
  CHECK_EQ(decode("000000000000001\r\nx" + last), BodyDecoder::Event::end);
  CHECK_EQ(decode("0000000000000001\r\nx" + last), BodyDecoder::Event::malformed);
  CHECK_EQ(decode("1;" + std::string(1020, 'e') + "\r\nx" + last), BodyDecoder::Event::end);
  CHECK_EQ(decode("1;" + std::string(1021, 'e') + "\r\nx" + last), BodyDecoder::Event::malformed);
  CHECK_EQ(decode("0\r\nT: " + std::string(8185, 't') + "\r\n\r\n"), BodyDecoder::Event::end);
  CHECK_EQ(decode("0\r\nT: " + std::string(8187, 't') + "\r\n\r\n"), BodyDecoder::Event::malformed);
  CHECK_EQ(decode("fffffffffffffff\r\nx"), BodyDecoder::Event::need_more);
}

TEST_CASE("a value of any length ends where it ends") {
  // Around the widths that are looked at in one step.
  for (size_t length = 0; length < 70; ++length) {
    for (const char end : {'\r', '\x01', '\x7f', '\x1f'}) {
      std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(length, '\xff') + end + "\n\r\n";
      RequestHead parsed;
      HeadReader reader;
      const HeadReader::Reading reading = reader.read_request(head, 10, parsed);
      CHECK_EQ(reading.refusal.status, end == '\r' ? 0 : 400);
      if (!reading.refusal) CHECK_EQ(parsed.fields.find("x")->value.size(), length);
    }
  }
}

}  // namespace
}  // namespace roost::http
