#include "proxy/cache/uncacheable_marks.h"

#include "common/cache/hash.h"

namespace roost::proxy {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

uint64_t mark_hash(const CacheKey& key, Credentials credentials) {
  return cache::hash_key(key.text()) ^ (credentials.authorization ? 0x9e3779b97f4a7c15 : 0) ^
         (credentials.cookie ? 0xc2b2ae3d27d4eb4f : 0);
}

}  // namespace

void UncacheableMarks::note(const CacheKey& key, Credentials credentials, int64_t now_ms) {
  const uint64_t hash = mark_hash(key, credentials);
  Mark& mark = marks_[hash % kMaxMarks];
  const bool again = mark.hash.load(kRelaxed) == hash && mark.until_ms.load(kRelaxed) > now_ms;
  const uint32_t refusals = again ? mark.refusals.load(kRelaxed) + 1 : 1;
  mark.refusals.store(refusals, kRelaxed);
  mark.next_try_ms.store(refusals < kFreeTries ? now_ms : now_ms + kTryPauseMs, kRelaxed);
  mark.until_ms.store(now_ms + kMarkMs, kRelaxed);
  mark.hash.store(hash, kRelaxed);
}

void UncacheableMarks::forget(const CacheKey& key, Credentials credentials) {
  const uint64_t hash = mark_hash(key, credentials);
  Mark& mark = marks_[hash % kMaxMarks];
  if (mark.hash.load(kRelaxed) == hash) mark.hash.store(0, kRelaxed);
}

bool UncacheableMarks::is_marked(const CacheKey& key, Credentials credentials, int64_t now_ms) const {
  const uint64_t hash = mark_hash(key, credentials);
  const Mark& mark = marks_[hash % kMaxMarks];
  return mark.hash.load(kRelaxed) == hash && mark.until_ms.load(kRelaxed) > now_ms;
}

UncacheableMarks::Advice UncacheableMarks::advise(const CacheKey& key, Credentials credentials, int64_t now_ms) {
  const uint64_t hash = mark_hash(key, credentials);
  Mark& mark = marks_[hash % kMaxMarks];
  if (mark.hash.load(kRelaxed) != hash || mark.until_ms.load(kRelaxed) <= now_ms) return Advice::share;
  if (mark.refusals.load(kRelaxed) < kFreeTries) return Advice::try_alone;
  int64_t next_ms = mark.next_try_ms.load(kRelaxed);
  if (next_ms > now_ms) return Advice::pass;
  const bool claimed = mark.next_try_ms.compare_exchange_strong(next_ms, now_ms + kTryPauseMs, kRelaxed);
  return claimed ? Advice::try_alone : Advice::pass;
}

}  // namespace roost::proxy
