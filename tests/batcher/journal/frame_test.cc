#include "batcher/journal/frame.h"

#include <doctest/doctest.h>

namespace roost::batcher {
namespace {

const FramePlace kPlace{{0x1111, 0x2222}, 3, 64};

std::string encoded(std::string_view payload, const FramePlace& place = kPlace) {
  std::string bytes;
  encode_frame({FrameType::batch, 7, 1'700'000'000'123, 64, payload}, place, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a frame comes back as it went") {
  for (const size_t size : {0u, 1u, 7u, 8u, 9u, 1000u}) {
    const std::string payload(size, 'x');
    const std::string bytes = encoded(payload);
    CHECK(bytes.size() == frame_bytes(size));
    CHECK(bytes.size() % 8 == 0);
    const std::string with_more = bytes + "what follows";
    const auto frame = decode_frame(with_more, kPlace);
    REQUIRE(frame);
    CHECK(frame->type == FrameType::batch);
    CHECK(frame->sequence == 7);
    CHECK(frame->unix_ms == 1'700'000'000'123);
    CHECK(frame->synced == 64);
    CHECK(frame->payload == payload);
  }
}

TEST_CASE("a frame passes only in its own place") {
  const std::string bytes = encoded("likes");
  CHECK(decode_frame(bytes, kPlace));
  CHECK(!decode_frame(bytes, {{0x1112, 0x2222}, 3, 64}));
  CHECK(!decode_frame(bytes, {{0x1111, 0x2223}, 3, 64}));
  CHECK(!decode_frame(bytes, {{0x1111, 0x2222}, 4, 64}));
  CHECK(!decode_frame(bytes, {{0x1111, 0x2222}, 3, 72}));
}

TEST_CASE("a frame with any bit wrong or any byte missing does not pass") {
  const std::string bytes = encoded("payload!");
  REQUIRE(bytes.size() == 48);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string wrong = bytes;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    CHECK(!decode_frame(wrong, kPlace));
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!decode_frame(std::string_view(bytes).substr(0, size), kPlace));
  }
  CHECK(!decode_frame(std::string(4096, '\0'), kPlace));
}

}  // namespace roost::batcher
