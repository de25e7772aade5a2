// The parts of HTTP that are pure functions of text: a head against llhttp's reading of it, a chunked body cut anyhow,
// dates, lists.

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/check.h"
#include "common/http/date.h"
#include "common/http/http1/body_decoder.h"
#include "tests/common/http/http1/agreement.h"

namespace {

using namespace roost::http;

void head_as_llhttp_reads_it(std::string_view text) {
  ROOST_CHECK(Agreement(text).difference.empty());
}

std::string decoded(std::string_view text, size_t piece_bytes) {
  BodyDecoder decoder;
  decoder.start({Framing::Kind::chunked, 0});
  std::string content;
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view piece = text.substr(at, piece_bytes);
    std::string_view rest = piece;
    auto event = BodyDecoder::Event::content;
    while (event == BodyDecoder::Event::content) {
      event = decoder.next(rest);
      if (event == BodyDecoder::Event::content) content.append(decoder.content());
    }
    at += piece.size() - rest.size();
    if (event == BodyDecoder::Event::end) return content + "| ended at " + std::to_string(at);
    if (event == BodyDecoder::Event::malformed) return content + "| malformed";
  }
  std::string_view nothing;
  return content + (decoder.next(nothing) == BodyDecoder::Event::end ? "| ended at " + std::to_string(at) : "| more");
}

void body_however_it_is_cut(std::string_view text) {
  const std::string whole = decoded(text, text.size() + 1);
  ROOST_CHECK(decoded(text, 1) == whole);
  ROOST_CHECK(decoded(text, 3) == whole);
}

void date_read_back(std::string_view text) {
  const auto moment = parse_http_date(text);
  if (!moment) return;
  const auto formatted = format_http_date(*moment);
  const auto again = parse_http_date({formatted.data(), formatted.size()});
  ROOST_CHECK(again == moment);
}

void list_elements(std::string_view text) {
  for_each_list_element(text, [text](std::string_view element) {
    ROOST_CHECK(!element.empty() && element.data() >= text.data());
    ROOST_CHECK(element.data() + element.size() <= text.data() + text.size());
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // Exactly as long as it is, so that a byte read behind its end is seen.
  const std::unique_ptr<char[]> copy(new char[size]);
  std::copy(data + 1, data + size, copy.get());
  const std::string_view text(copy.get(), size - 1);
  switch (data[0] % 4) {
    case 0:
      head_as_llhttp_reads_it(text);
      break;
    case 1:
      body_however_it_is_cut(text);
      break;
    case 2:
      date_read_back(text);
      break;
    default:
      list_elements(text);
  }
  return 0;
}
