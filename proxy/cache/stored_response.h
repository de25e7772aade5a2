#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/block.h"
#include "common/cache/entry.h"

namespace roost::proxy {

/// What a stored response is made of; views and blocks are copied or referenced.
struct ResponseParts {
  int status = 200;
  std::string_view fields;  ///< field lines ready to write: no framing, no hop-by-hop fields, no Age
  std::string_view etag;    ///< as in the fields; empty when absent
  std::string_view last_modified;
  std::string_view vary;  ///< names of the request fields it depends on; empty when it depends on none
  std::string_view tags;  ///< Cache-Groups: what a purge by tag names, separated by commas
  std::span<const BlockRef> body;
};

/// When a response was stored and how long it is good for. Unix ms and ms.
struct ResponseTimes {
  int64_t stored_unix_ms = 0;
  int64_t initial_age_ms = 0;
  int64_t lifetime_ms = 0;

  int64_t age_ms(int64_t now_unix_ms) const {
    return initial_age_ms + (now_unix_ms > stored_unix_ms ? now_unix_ms - stored_unix_ms : 0);
  }
  /// How much longer it is fresh; zero or less when it is stale.
  int64_t fresh_for_ms(int64_t now_unix_ms) const { return lifetime_ms - age_ms(now_unix_ms); }
};

/// One response in the cache, immutable. Key, head and a small body lie behind it in the same allocation; a larger body
/// stays in the blocks it arrived in, shared with whoever is still being sent it.
class StoredResponse final : public cache::Entry {
 public:
  static constexpr size_t kMaxInlineBody = 8 * 1024;

  static cache::Ref<StoredResponse> make(std::string_view key, const ResponseParts& parts, const ResponseTimes& times);
  /// Stands under the key of a URL whose responses vary: only `vary()` counts, and the responses have keys of their
  /// own.
  static cache::Ref<StoredResponse> make_marker(std::string_view key, std::string_view vary, int64_t expires_at_ms);

  bool is_marker() const { return status_ == 0; }
  int status() const { return status_; }
  std::string_view fields() const { return fields_; }
  std::string_view etag() const { return etag_; }
  std::string_view last_modified() const { return last_modified_; }
  std::string_view vary() const { return vary_; }
  std::string_view tags() const { return tags_; }
  const ResponseTimes& times() const { return times_; }
  uint64_t body_bytes() const { return body_bytes_; }
  /// Ready to write. Pieces of a small body have no owner: they live as long as this does, and are copied when they
  /// must wait.
  std::span<const Slice> body() const {
    return {slices_.empty() ? &inline_body_ : slices_.data(), slices_.empty() ? 1 : slices_.size()};
  }

 private:
  friend class cache::Ref<StoredResponse>;
  StoredResponse(std::string_view key, uint64_t charge, int64_t expires_at_ms)
      : Entry(key, hash_of(key), charge, expires_at_ms) {}
  static uint64_t hash_of(std::string_view key);

  int status_ = 0;
  uint64_t body_bytes_ = 0;
  ResponseTimes times_;
  std::string_view fields_, etag_, last_modified_, vary_, tags_;
  Slice inline_body_;
  std::vector<Slice> slices_;
  std::vector<BlockRef> blocks_;
};

}  // namespace roost::proxy
