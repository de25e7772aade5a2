#include "proxy/cache/tag_clock.h"

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
  // The slot before the whole: who sees the latest change finds it.
  raise_to(slot(host, tag), now_us);
  raise_to(latest_us_, now_us);
}

bool TagClock::changed_since(std::string_view host, std::string_view tags, int64_t since_us) const {
  bool changed = false;
  for_each_tag(tags, [&](std::string_view tag) {
    changed |= changed_at_us({}, tag) > since_us || changed_at_us(host, tag) > since_us;
  });
  return changed;
}

}  // namespace roost::proxy
