#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/base/block.h"
#include "common/cache/entry.h"
#include "common/http/field_block.h"
#include "proxy/cache/stored_head.h"

namespace roost::proxy {

/// One response in the cache, immutable. A single allocation, kept small because there may be millions:
///
///     144 bytes of this │ slices of the body │ references to its blocks │ key │ field block │ small body
///
/// A body of at most kMaxInlineBody is copied in; a larger one stays in the blocks it arrived in, shared with clients
/// that are still being sent it. It expires when it is stale and neither RFC 5861 nor a validator gives it a use.
class StoredResponse final : public cache::Entry {
 public:
  static constexpr size_t kMaxInlineBody = 8 * 1024;
  /// A longer ETag or Last-Modified is sent like any field, but not used as a validator.
  static constexpr size_t kMaxValidator = 1024;
  /// How long a stale response that can be validated stays stored.
  static constexpr int64_t kValidatableMs = 300'000;
  /// The least time between two background refreshes of one response.
  static constexpr int64_t kRefreshPauseMs = 1'000;
  /// A response with more bytes of tags is not stored.
  static constexpr size_t kMaxTags = 60'000;

  /// Copies the head, and a small body; references the blocks of a larger one. Key, field block and tags together stay
  /// far below 4 GiB: heads are limited. `generation`: that of the marker it is a variant of, else 0.
  static cache::Ref<StoredResponse> make(std::string_view key, const StoredHead& head,
                                         std::span<const BlockRef> body_blocks, uint32_t generation = 0);
  /// Marks a URL whose responses vary: only `vary()` is used; the responses have keys of their own. Never expires.
  /// `vary`: one list of field names, or several, a line each.
  static cache::Ref<StoredResponse> make_marker(std::string_view key, std::string_view vary, uint32_t generation);
  ~StoredResponse() override;

  bool is_marker() const { return status_ == 0; }
  int status() const { return status_; }
  http::FieldBlockView fields() const {
    return http::FieldBlockView::from_bytes(is_marker() ? std::string_view() : text(0, fields_size_));
  }
  std::string_view etag() const { return text(etag_at_, etag_size_); }
  std::string_view last_modified() const { return text(last_modified_at_, last_modified_size_); }
  std::string_view tags() const { return text(tags_at_, tags_size_); }
  /// The lifetime is not the origin's.
  bool invented() const { return invented_ != 0; }
  /// A marker's lists of field names, a line each; empty for a response.
  std::string_view vary() const { return is_marker() ? text(0, fields_size_) : std::string_view(); }
  /// Tells the variants of this marker from those of an earlier one of the same URL.
  uint32_t generation() const { return generation_; }
  ResponseTimes times() const {
    ResponseTimes times{stored_ms_, initial_age_ms_, 0, int64_t{stale_while_revalidate_s_} * 1000,
                        int64_t{stale_if_error_s_} * 1000};
    times.lifetime_ms =
        expires_at_ms() - kept_stale_ms(times, etag_size_ + last_modified_size_ > 0) - stored_ms_ + initial_age_ms_;
    return times;
  }
  /// Up to when none of its tags was invalidated (TagClock). Mutable, like the next refresh.
  int64_t right_at_us() const { return right_at_us_.load(std::memory_order_relaxed); }
  void found_right_at(int64_t us) const { right_at_us_.store(us, std::memory_order_relaxed); }
  /// True if the caller is to refresh it in the background, while it is served stale: once per kRefreshPauseMs,
  /// whatever the number of threads that ask.
  bool claim_refresh(int64_t now_ms) const;
  /// A refresh failed: the next one is due kRefreshPauseMs from now.
  void hold_refresh(int64_t now_ms) const {
    refresh_from_ms_.store(static_cast<uint32_t>(now_ms + kRefreshPauseMs), std::memory_order_relaxed);
  }
  uint64_t body_bytes() const;
  /// Pieces of a small body have no owner: they live as long as this does, and are copied when a write has to wait.
  std::span<const Slice> body() const { return {slices(), slice_count_}; }

 private:
  friend class cache::Ref<StoredResponse>;
  struct Layout;
  StoredResponse(const Layout& layout, std::string_view key, std::string_view field_bytes, int64_t expires_at_ms,
                 uint32_t generation);
  void fill(const Layout& layout, const StoredHead& head, std::span<const BlockRef> body_blocks);
  uint32_t place(std::string_view part, char*& behind);

  /// How long it is kept after its lifetime.
  static int64_t kept_stale_ms(const ResponseTimes& times, bool validates);
  bool in_blocks() const { return slice_count_ > 0 && slices()[0].owner != nullptr; }
  const Slice* slices() const { return reinterpret_cast<const Slice*>(this + 1); }
  Slice* slices() { return reinterpret_cast<Slice*>(this + 1); }
  BlockRef* blocks() { return reinterpret_cast<BlockRef*>(slices() + slice_count_); }
  std::string_view text(uint32_t at, uint32_t size) const { return {key().data() + key().size() + at, size}; }

  int64_t stored_ms_ = 0;
  uint32_t initial_age_ms_ = 0;
  uint32_t stale_while_revalidate_s_ = 0;
  uint32_t stale_if_error_s_ = 0;
  mutable std::atomic<uint32_t> refresh_from_ms_{0};  // the low bits of a time
  mutable std::atomic<int64_t> right_at_us_{0};
  // Places of texts count from the start of the field block.
  uint32_t fields_size_ = 0;
  uint32_t tags_at_ = 0;
  uint32_t etag_at_ = 0;
  uint32_t last_modified_at_ = 0;
  uint16_t etag_size_ = 0;
  uint16_t last_modified_size_ = 0;
  uint16_t tags_size_ = 0;
  uint16_t status_ : 15 = 0;
  uint16_t invented_ : 1 = 0;
  uint32_t slice_count_ = 0;
  uint32_t generation_;
};

}  // namespace roost::proxy
