#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace roost::proxy {

/// When what bears a tag (Cache-Groups, RFC 9875) was last said to have changed. A stored response remembers up to when
/// it is known to be right; when one of its tags has changed after that, it is asked for again before it is used.
/// Nothing stored is looked for when a tag changes, so telling costs the same whatever the cache holds.
///
/// The table is bounded: tags share its slots by their hash. Two that share one cost a fetch too many; no change is
/// ever missed. Any thread. Times are microseconds of one steady clock.
class TagClock {
 public:
  static constexpr size_t kSlots = 64 * 1024;

  TagClock() : slots_(std::make_unique<std::array<std::atomic<int64_t>, kSlots>>()) {}

  /// What bears `tag` has changed, and every load that begins from now on sees it. `host`: of the origin that said so;
  /// empty means the tag of every host.
  void note(std::string_view host, std::string_view tag, int64_t now_us);
  /// The last change of all; what was right then needs no closer look.
  int64_t latest_us() const { return latest_us_.load(std::memory_order_acquire); }
  /// When the tag (or one that shares its slot) changed last; 0 for never.
  int64_t changed_at_us(std::string_view host, std::string_view tag) const {
    return slot(host, tag).load(std::memory_order_acquire);
  }
  /// When one of the `tags` (a Cache-Groups value) of a response of `host` changed last; 0 for never.
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
