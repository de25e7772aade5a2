#include "proxy/config/cache_section.h"

#include "proxy/config/default_ttl.h"

namespace roost::proxy {

void CacheSection::declare(config::Section& section) {
  section.bytes("size", &size_bytes, {1 << 20, int64_t{1} << 44}, "limit of the whole cache")
      .text("default_ttl", &default_ttl, "freshness when the backend gives none: a time, heuristic or off",
            check_default_ttl)
      .bytes("max_object_size", &max_object_bytes, {0, INT64_MAX},
             "largest response cached; 0 for a sixteenth of size");
}

}  // namespace roost::proxy
