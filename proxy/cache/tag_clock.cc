#include "proxy/cache/tag_clock.h"

#include <algorithm>

#include "common/cache/hash.h"
#include "proxy/cache/tags.h"

namespace roost::proxy {
namespace {

void raise_to(std::atomic<int64_t>& clock, int64_t us) {
  int64_t present = clock.load(std::memory_order_relaxed);
  while (present < us && !clock.compare_exchange_weak(present, us, std::memory_order_acq_rel)) {
  }
}

}  // namespace

std::atomic<int64_t>& TagClock::slot(std::string_view host, std::string_view tag) const {
  const uint64_t hash = cache::hash_key(tag) ^ (host.empty() ? 0 : cache::hash_key(host) * 3);
  return (*slots_)[hash % kSlots];
}

void TagClock::note(std::string_view host, std::string_view tag, int64_t now_us) {
  // The slot before latest_us_: a reader that sees the new latest time finds the slot. And each invalidation moves
  // latest_us_ on: if another thread's had done so already, a reader between the two would miss this one.
  for (int64_t us = now_us;;) {
    raise_to(slot(host, tag), us);
    int64_t latest_us = latest_us_.load(std::memory_order_acquire);
    if (latest_us >= us) {
      us = latest_us + 1;
    } else if (latest_us_.compare_exchange_strong(latest_us, us, std::memory_order_acq_rel)) {
      return;
    }
  }
}

int64_t TagClock::last_change_us(std::string_view host, std::string_view tags) const {
  int64_t last_us = 0;
  for_each_tag(tags, [&](std::string_view tag) {
    last_us = std::max({last_us, changed_at_us({}, tag), changed_at_us(host, tag)});
  });
  return last_us;
}

}  // namespace roost::proxy
