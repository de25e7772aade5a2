#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace roost::proxy {

/// Why a request went to a backend (RFC 9211 §2.2).
enum class ForwardReason : uint8_t { bypass, method, uri_miss, vary_miss, miss, request, stale };

/// "Age: 7\r\nCache-Status: roost; hit; ttl=53\r\n" without allocating: this is written for every hit.
class HitFields {
 public:
  HitFields(int64_t age_ms, int64_t fresh_for_ms);
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 96> text_;
  size_t size_ = 0;
};

/// Appends "Cache-Status: roost; fwd=uri-miss; stored\r\n". `detail`: one word, or empty. `forward_status`: the
/// backend's, where the answer bears another one; else 0.
void append_forward_status(ForwardReason reason, bool stored, bool collapsed, std::string_view detail,
                           std::string& fields, int forward_status = 0);

}  // namespace roost::proxy
