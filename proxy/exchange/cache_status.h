#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/field_block.h"
#include "proxy/fetching/forwarded_head.h"

namespace roost::proxy {

/// Why a request went to a backend (RFC 9211 §2.2).
enum class ForwardReason : uint8_t { bypass, method, uri_miss, vary_miss, miss, request, stale };

/// "Age: 7", "Cache-Status: roost; hit; ttl=53" and X-Request-Id, without allocating: they are written for every hit.
class HitFields {
 public:
  /// `request_id`: at most kMaxRequestIdBytes.
  HitFields(int64_t age_ms, int64_t fresh_for_ms, std::string_view request_id);
  http::FieldBlockView view() const { return fields_; }

 private:
  http::FixedFieldBlock<128 + kMaxRequestIdBytes> fields_;
};

/// Adds "Cache-Status: roost; fwd=uri-miss; stored". `detail`: one word, or empty. `forward_status`: the backend's
/// status if the response has another one, else 0.
void add_forward_status(ForwardReason reason, bool stored, bool collapsed, std::string_view detail,
                        http::FieldBlock& fields, int forward_status = 0);

/// Adds "Cache-Status: roost; detail=no-route": the proxy answered by itself. `detail`: one word.
void add_own_status(std::string_view detail, http::FieldBlock& fields);

}  // namespace roost::proxy
