// A client's bytes, whole and cut anyhow, must have one outcome. The first byte says how the acceptor answers, the
// second how the bytes are cut.

#include <cstdint>
#include <random>

#include <fmt/core.h>

#include "common/base/check.h"
#include "tests/common/http/http1/server_fixture.h"

namespace roost::http {
namespace {

std::string outcome(std::string_view bytes, ServerFixture::Answer answer, unsigned cuts) {
  ServerLimits limits;
  limits.max_head_bytes = 300;
  limits.max_target_bytes = 100;
  limits.max_fields = 8;
  limits.max_body_bytes = 200;
  ServerFixture fixture(limits);
  fixture.answer_ = answer;
  std::minstd_rand random(cuts);
  while (!bytes.empty()) {
    const size_t size = cuts == 0 ? bytes.size() : 1 + random() % 16;
    const std::string_view piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    fixture.feed(piece);
  }
  std::string told = fixture.memory_.sent();
  for (const std::string& request : fixture.requests_) told += request + "\n";
  for (const std::string& field : fixture.fields_) told += field + "\n";
  const bool open = !fixture.memory_.shut_down() && !fixture.closed();
  told += fmt::format("{} {}\n{} {} {} {}", fixture.refused_status_, fixture.refused_why_, fixture.body_, fixture.ends_,
                      fixture.gone_, open);
  if (!fixture.memory_.closed()) fixture.memory_.feed_end();
  fixture.advance_ms(100'000);
  return told;
}

}  // namespace
}  // namespace roost::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using roost::http::ServerFixture;
  if (size < 2) return 0;
  const auto answer = (data[0] & 1) != 0 ? ServerFixture::Answer::at_end : ServerFixture::Answer::at_once;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  ROOST_CHECK(roost::http::outcome(bytes, answer, 0) == roost::http::outcome(bytes, answer, 1U + data[1]));
  return 0;
}
