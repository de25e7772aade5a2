#include "proxy/exchange/invalidation.h"

#include "proxy/cache/tags.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

void invalidate_after(const http::ResponseHead& head, const CacheKey& key, FetchContext& context) {
  if (head.status < 200 || head.status >= 400) return;
  context.fetches.spoil(key);  // first, so that a fetch that ends meanwhile is either told or purged
  context.cache.purge(key);
  context.cache.note_change(key, now_us());
  const auto groups = head.fields.combined(http::FieldId::cache_group_invalidation);
  if (!groups) return;
  for_each_tag(*groups, [&](std::string_view tag) { context.cache.revalidate_tag(key.origin(), tag, now_us()); });
}

}  // namespace roost::proxy
