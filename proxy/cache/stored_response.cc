#include "proxy/cache/stored_response.h"

#include <cstring>

#include "common/cache/hash.h"

namespace roost::proxy {
namespace {

/// Copies texts one behind the other into the bytes that trail an entry.
class Trail {
 public:
  explicit Trail(char* at) : at_(at) {}
  std::string_view add(std::string_view text) {
    if (text.empty()) return {};
    std::memcpy(at_, text.data(), text.size());
    const std::string_view copy(at_, text.size());
    at_ += text.size();
    return copy;
  }

 private:
  char* at_;
};

}  // namespace

uint64_t StoredResponse::hash_of(std::string_view key) {
  return cache::hash_key(key);
}

cache::Ref<StoredResponse> StoredResponse::make(std::string_view key, const ResponseParts& parts,
                                                const ResponseTimes& times) {
  uint64_t body_bytes = 0;
  for (const BlockRef& block : parts.body) body_bytes += block->size();
  const bool inlined = body_bytes <= kMaxInlineBody;
  const size_t texts = key.size() + parts.fields.size() + parts.etag.size() + parts.last_modified.size() +
                       parts.vary.size() + parts.tags.size();
  const size_t trailing = texts + (inlined ? body_bytes : 0);
  uint64_t charge = sizeof(StoredResponse) + trailing;
  if (!inlined) {
    for (const BlockRef& block : parts.body)
      charge += sizeof(Block) + block->capacity() + sizeof(Slice) + sizeof(BlockRef);
  }
  void* memory = Entry::operator new (sizeof(StoredResponse), cache::Trailing{trailing});
  Trail trail(static_cast<char*>(memory) + sizeof(StoredResponse));
  const std::string_view own_key = trail.add(key);
  const int64_t expires_at_ms = times.stored_unix_ms + times.lifetime_ms - times.initial_age_ms;
  auto* entry = ::new (memory) StoredResponse(own_key, charge, expires_at_ms);
  entry->status_ = parts.status;
  entry->body_bytes_ = body_bytes;
  entry->times_ = times;
  entry->fields_ = trail.add(parts.fields);
  entry->etag_ = trail.add(parts.etag);
  entry->last_modified_ = trail.add(parts.last_modified);
  entry->vary_ = trail.add(parts.vary);
  entry->tags_ = trail.add(parts.tags);
  if (inlined) {
    const char* start = nullptr;
    for (const BlockRef& block : parts.body) {
      const std::string_view piece = trail.add(block->view());
      if (start == nullptr) start = piece.data();
    }
    entry->inline_body_ = Slice(start, body_bytes);
  } else {
    entry->blocks_.assign(parts.body.begin(), parts.body.end());
    entry->slices_.reserve(entry->blocks_.size());
    for (const BlockRef& block : entry->blocks_) entry->slices_.emplace_back(block);
  }
  return cache::Ref<StoredResponse>::adopt(entry);
}

cache::Ref<StoredResponse> StoredResponse::make_marker(std::string_view key, std::string_view vary,
                                                       int64_t expires_at_ms) {
  const size_t trailing = key.size() + vary.size();
  void* memory = Entry::operator new (sizeof(StoredResponse), cache::Trailing{trailing});
  Trail trail(static_cast<char*>(memory) + sizeof(StoredResponse));
  const std::string_view own_key = trail.add(key);
  auto* entry = ::new (memory) StoredResponse(own_key, sizeof(StoredResponse) + trailing, expires_at_ms);
  entry->vary_ = trail.add(vary);
  return cache::Ref<StoredResponse>::adopt(entry);
}

}  // namespace roost::proxy
