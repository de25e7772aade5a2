// The parts of HTTP that are pure functions of text: heads and chunked bodies against the one-pass reader, bodies cut
// anyhow, dates, lists.

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/check.h"
#include "common/http/date.h"
#include "tests/common/http/http1/agreement.h"

namespace {

using namespace roost::http;

// The product's reading against the one-pass reader's. The product may refuse more, and lets in nothing else.
void check(const Agreement& agreement) {
  ROOST_CHECK(agreement.difference.empty());
}

void body_however_it_is_cut(std::string_view text) {
  check(Agreement::on_body(text));
  const std::string whole = Agreement::decoded<BodyDecoder>(text, text.size() + 1);
  ROOST_CHECK(Agreement::decoded<BodyDecoder>(text, 1) == whole);
  ROOST_CHECK(Agreement::decoded<BodyDecoder>(text, 3) == whole);
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
  switch (data[0] % 6) {
    case 0:
      check(Agreement::on_request(text));
      break;
    case 4:
      check(Agreement::on_response(text, /*to_head_request=*/false));
      break;
    case 5:
      check(Agreement::on_response(text, /*to_head_request=*/true));
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
