#include "proxy/exchange/cache_status.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace roost::proxy {

namespace {

constexpr std::array<std::string_view, 7> kReasons = {"bypass", "method",  "uri-miss", "vary-miss",
                                                      "miss",   "request", "stale"};

char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

HitFields::HitFields(int64_t age_ms, int64_t fresh_for_ms) {
  char* const end = text_.data() + text_.size();
  char* to = put(text_.data(), "Age: ");
  to = std::to_chars(to, end, std::max<int64_t>(age_ms, 0) / 1'000).ptr;
  to = put(to, "\r\nCache-Status: roost; hit; ttl=");
  // Rounded down, so that it is below 0 whenever the response is stale.
  to = std::to_chars(to, end, fresh_for_ms / 1'000 - (fresh_for_ms == 0 || fresh_for_ms % 1'000 < 0 ? 1 : 0)).ptr;
  to = put(to, "\r\n");
  size_ = static_cast<size_t>(to - text_.data());
}

void append_forward_status(ForwardReason reason, bool stored, bool collapsed, std::string_view detail,
                           std::string& fields, int forward_status) {
  fields.append("Cache-Status: roost; fwd=").append(kReasons[static_cast<size_t>(reason)]);
  if (forward_status != 0) fields.append("; fwd-status=").append(std::to_string(forward_status));
  if (stored) fields.append("; stored");
  if (collapsed) fields.append("; collapsed");
  if (!detail.empty()) fields.append("; detail=").append(detail);
  fields.append("\r\n");
}

}  // namespace roost::proxy
