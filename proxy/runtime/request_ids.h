#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/base/random.h"

namespace roost::proxy {

/// Makes ids of requests: 32 hexadecimal digits, 24 of the loop and 8 of the request, which repeat after 2^32 of them.
/// They do not show how many requests there were. Some twenty instructions: every hit has one. Loop thread only.
class RequestIds {
 public:
  static constexpr size_t kBytes = 32;

  explicit RequestIds(uint64_t seed) {
    Random random(seed);
    for (size_t at = 0; at < kBytes; at += kDigits) write_digits(static_cast<uint32_t>(random.next()), at);
    count_ = static_cast<uint32_t>(random.next());
    step_ = static_cast<uint32_t>(random.next()) | 1;
  }
  /// Valid until the next call.
  std::string_view next() {
    count_ += step_;
    write_digits(count_, kBytes - kDigits);
    return {text_.data(), kBytes};
  }

 private:
  static constexpr size_t kDigits = 8;

  // One digit for each of eight nibbles, all at once; their order means nothing.
  void write_digits(uint32_t bits, size_t at) {
    uint64_t nibbles = bits;
    nibbles = (nibbles | nibbles << 16) & 0x0000ffff0000ffffULL;
    nibbles = (nibbles | nibbles << 8) & 0x00ff00ff00ff00ffULL;
    nibbles = (nibbles | nibbles << 4) & 0x0f0f0f0f0f0f0f0fULL;
    const uint64_t letters = ((nibbles + 0x0606060606060606ULL) >> 4) & 0x0101010101010101ULL;
    const uint64_t digits = nibbles + 0x3030303030303030ULL + letters * ('a' - '0' - 10);
    std::memcpy(text_.data() + at, &digits, kDigits);
  }

  uint32_t count_ = 0;
  uint32_t step_ = 1;
  std::array<char, kBytes> text_{};
};

}  // namespace roost::proxy
