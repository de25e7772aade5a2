#include "proxy/exchange/cache_status.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/runtime/request_ids.h"

namespace roost::proxy {

namespace {

constexpr std::array<std::string_view, 7> kReasons = {"bypass", "method",  "uri-miss", "vary-miss",
                                                      "miss",   "request", "stale"};

}  // namespace

HitFields::HitFields(int64_t age_ms, int64_t fresh_for_ms, std::string_view request_id) {
  fields_.add("Age", "", std::max<int64_t>(age_ms, 0) / 1'000);
  // Rounded down, so that it is below 0 whenever the response is stale.
  const int64_t ttl_s = fresh_for_ms / 1'000 - (fresh_for_ms == 0 || fresh_for_ms % 1'000 < 0 ? 1 : 0);
  fields_.add("Cache-Status", "roost; hit; ttl=", ttl_s);
  // Nearly all have one size, and a copy of a size that is known when this is compiled costs a third.
  if (request_id.size() == RequestIds::kBytes) {
    fields_.add_text("X-Request-Id", {request_id.data(), RequestIds::kBytes});
  } else {
    fields_.add_text("X-Request-Id", request_id);
  }
}

void add_forward_status(ForwardReason reason, bool stored, bool collapsed, std::string_view detail,
                        http::FieldBlock& fields, int forward_status) {
  std::array<char, 12> digits;
  char* end = digits.data();
  if (forward_status != 0) end = std::to_chars(end, digits.data() + digits.size(), forward_status).ptr;
  fields.add("Cache-Status",
             {"roost; fwd=", kReasons[static_cast<size_t>(reason)], forward_status != 0 ? "; fwd-status=" : "",
              std::string_view(digits.data(), static_cast<size_t>(end - digits.data())), stored ? "; stored" : "",
              collapsed ? "; collapsed" : "", detail.empty() ? "" : "; detail=", detail});
}

void add_own_status(std::string_view detail, http::FieldBlock& fields) {
  fields.add("Cache-Status", {"roost; detail=", detail});
}

}  // namespace roost::proxy
