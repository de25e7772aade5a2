#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace roost::proxy {

/// Last invalidation time of each cache tag (Cache-Groups, RFC 9875). A stored response remembers up to when it is
/// known to be current; when one of its tags was invalidated later, it is revalidated before it is used. Invalidating a
/// tag does not search the cache, so its cost does not depend on what is stored.
///
/// The table is bounded: tags share its slots by their hash. Two that share a slot cost an unnecessary fetch; no
/// invalidation is missed. Any thread. Times are microseconds of one monotonic clock.
class TagClock {
 public:
  static constexpr size_t kSlots = 64 * 1024;

  TagClock() : slots_(std::make_unique<std::array<std::atomic<int64_t>, kSlots>>()) {}

  /// Invalidates the tag: responses fetched before now are outdated. `host`: the origin it belongs to (CacheKey); empty
  /// for the tag of every origin.
  void note(std::string_view host, std::string_view tag, int64_t now_us);
  /// The last invalidation of any tag: a response that is current up to then needs no further check.
  int64_t latest_us() const { return latest_us_.load(std::memory_order_acquire); }
  /// Last invalidation of the tag, or of one that shares its slot; 0 for never.
  int64_t changed_at_us(std::string_view host, std::string_view tag) const {
    return slot(host, tag).load(std::memory_order_acquire);
  }
  /// Last invalidation of any of the `tags` (a Cache-Groups value) of a response of `host`; 0 for never.
  int64_t last_change_us(std::string_view host, std::string_view tags) const;
  bool changed_since(std::string_view host, std::string_view tags, int64_t since_us) const {
    return last_change_us(host, tags) > since_us;
  }

 private:
  std::atomic<int64_t>& slot(std::string_view host, std::string_view tag) const;
  std::unique_ptr<std::array<std::atomic<int64_t>, kSlots>> slots_;
  std::atomic<int64_t> latest_us_{0};
};

}  // namespace roost::proxy
