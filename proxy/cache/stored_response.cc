#include "proxy/cache/stored_response.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "common/base/check.h"
#include "common/cache/hash.h"

namespace roost::proxy {
namespace {

char* append(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

std::string_view usable(std::string_view validator) {
  return validator.size() <= StoredResponse::kMaxValidator ? validator : std::string_view();
}

/// Bytes needed for a text that usually stands in the fields already.
size_t extra_bytes(std::string_view fields, std::string_view text) {
  return fields.find(text) == std::string_view::npos ? text.size() : 0;
}

}  // namespace

struct StoredResponse::Layout {
  uint32_t slice_count = 0;
  bool in_blocks = false;
  size_t texts = 0;         // key, fields, and what does not stand in them
  uint64_t body_bytes = 0;  // copied in, unless in_blocks
  uint64_t charge = 0;

  size_t before_texts() const { return slice_count * (sizeof(Slice) + (in_blocks ? sizeof(BlockRef) : 0)); }
  size_t trailing() const { return before_texts() + texts + (in_blocks ? 0 : body_bytes); }
};

StoredResponse::StoredResponse(const Layout& layout, std::string_view key, std::string_view field_bytes,
                               int64_t expires_at_ms, uint32_t generation)
    : Entry({reinterpret_cast<char*>(this + 1) + layout.before_texts(), key.size()}, cache::hash_key(key),
            layout.charge, expires_at_ms),
      fields_size_(static_cast<uint32_t>(field_bytes.size())),
      slice_count_(layout.slice_count),
      generation_(generation) {
  append(append(reinterpret_cast<char*>(this + 1) + layout.before_texts(), key), field_bytes);
}

StoredResponse::~StoredResponse() {
  if (!in_blocks()) return;
  for (uint32_t i = 0; i < slice_count_; ++i) blocks()[i]->leave_store();
  std::destroy_n(blocks(), slice_count_);
}

cache::Ref<StoredResponse> StoredResponse::make(std::string_view key, const StoredHead& head,
                                                std::span<const BlockRef> body_blocks, uint32_t generation) {
  const ResponseTimes& times = head.times;
  ROOST_CHECK(head.tags.size() <= kMaxTags);
  Layout layout;
  for (const BlockRef& block : body_blocks) layout.body_bytes += block->size();
  layout.in_blocks = layout.body_bytes > kMaxInlineBody;
  layout.slice_count = layout.in_blocks ? static_cast<uint32_t>(body_blocks.size()) : layout.body_bytes > 0 ? 1 : 0;
  const std::string_view field_bytes = head.fields.bytes();
  layout.texts = key.size() + field_bytes.size() + extra_bytes(field_bytes, usable(head.etag)) +
                 extra_bytes(field_bytes, usable(head.last_modified)) + extra_bytes(field_bytes, head.tags);
  layout.charge = sizeof(StoredResponse) + layout.trailing();
  if (layout.in_blocks) {
    for (const BlockRef& block : body_blocks) layout.charge += sizeof(Block) + block->capacity();
  }
  ResponseTimes kept = times;
  kept.stale_while_revalidate_ms = times.stale_while_revalidate_ms / 1000 * 1000;
  kept.stale_if_error_ms = times.stale_if_error_ms / 1000 * 1000;
  kept.initial_age_ms = std::min<int64_t>(times.initial_age_ms, std::numeric_limits<uint32_t>::max());
  kept.stored_ms -= times.initial_age_ms - kept.initial_age_ms;
  const bool validates = !usable(head.etag).empty() || !usable(head.last_modified).empty();
  const int64_t expires_at_ms =
      kept.stored_ms - kept.initial_age_ms + kept.lifetime_ms + kept_stale_ms(kept, validates);
  auto made = cache::Ref<StoredResponse>::make(cache::Trailing{layout.trailing()}, layout, key, field_bytes,
                                               expires_at_ms, generation);
  made->stored_ms_ = kept.stored_ms;
  made->refresh_from_ms_.store(static_cast<uint32_t>(kept.stored_ms), std::memory_order_relaxed);
  made->initial_age_ms_ = static_cast<uint32_t>(kept.initial_age_ms);
  made->stale_while_revalidate_s_ = static_cast<uint32_t>(kept.stale_while_revalidate_ms / 1000);
  made->stale_if_error_s_ = static_cast<uint32_t>(kept.stale_if_error_ms / 1000);
  made->fill(layout, head, body_blocks);
  return made;
}

// Status, texts beyond the fields, and the body.
void StoredResponse::fill(const Layout& layout, const StoredHead& head, std::span<const BlockRef> body_blocks) {
  status_ = static_cast<uint16_t>(head.status & 0x7fff);
  invented_ = head.invented ? 1 : 0;
  found_right_at(head.right_at_us);
  char* behind = const_cast<char*>(key().data()) + key().size() + fields_size_;
  const std::string_view etag = usable(head.etag);
  const std::string_view last_modified = usable(head.last_modified);
  etag_at_ = place(etag, behind);
  etag_size_ = static_cast<uint16_t>(etag.size());
  last_modified_at_ = place(last_modified, behind);
  last_modified_size_ = static_cast<uint16_t>(last_modified.size());
  tags_at_ = place(head.tags, behind);
  tags_size_ = static_cast<uint16_t>(head.tags.size());
  if (layout.in_blocks) {
    std::uninitialized_copy(body_blocks.begin(), body_blocks.end(), blocks());
    for (uint32_t i = 0; i < slice_count_; ++i) {
      blocks()[i]->enter_store();
      ::new (slices() + i) Slice(blocks()[i]);
    }
  } else if (slice_count_ > 0) {
    ::new (slices()) Slice(behind, layout.body_bytes);
    for (const BlockRef& block : body_blocks) behind = append(behind, block->view());
  }
}

// Where `part` stands: in the fields, or else behind them, where it is put.
uint32_t StoredResponse::place(std::string_view part, char*& behind) {
  const size_t found = text(0, fields_size_).find(part);
  if (found != std::string_view::npos) return static_cast<uint32_t>(found);
  const auto at = static_cast<uint32_t>(behind - text(0, 0).data());
  behind = append(behind, part);
  return at;
}

cache::Ref<StoredResponse> StoredResponse::make_marker(std::string_view key, std::string_view vary,
                                                       uint32_t generation) {
  Layout layout;
  layout.texts = key.size() + vary.size();
  layout.charge = sizeof(StoredResponse) + layout.trailing();
  return cache::Ref<StoredResponse>::make(cache::Trailing{layout.trailing()}, layout, key, vary, cache::kNeverExpires,
                                          generation);
}

int64_t StoredResponse::kept_stale_ms(const ResponseTimes& times, bool validates) {
  return std::max({times.stale_while_revalidate_ms, times.stale_if_error_ms, validates ? kValidatableMs : int64_t{0}});
}

// Times are compared modulo 2^32: only a time at most one pause ahead prevents a refresh, so an overflow does not do so
// for long.
bool StoredResponse::claim_refresh(int64_t now_ms) const {
  const auto low_ms = static_cast<uint32_t>(now_ms);
  uint32_t from_ms = refresh_from_ms_.load(std::memory_order_relaxed);
  const uint32_t left_ms = from_ms - low_ms;
  if (left_ms > 0 && left_ms <= kRefreshPauseMs) return false;
  return refresh_from_ms_.compare_exchange_strong(from_ms, low_ms + static_cast<uint32_t>(kRefreshPauseMs),
                                                  std::memory_order_relaxed);
}

uint64_t StoredResponse::body_bytes() const {
  uint64_t bytes = 0;
  for (const Slice& piece : body()) bytes += piece.size;
  return bytes;
}

}  // namespace roost::proxy
