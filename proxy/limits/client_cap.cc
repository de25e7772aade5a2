#include "proxy/limits/client_cap.h"

#include <algorithm>

namespace roost::proxy {

ClientCap ClientCap::of(uint64_t descriptors, uint64_t threads, uint64_t asked) {
  const uint64_t kept = kKeptDescriptors + kKeptPerThread * threads;
  const uint64_t rest = descriptors > kept ? descriptors - kept : 0;
  if (asked == 0) return {std::max(kLeast, rest / 2), false};
  const uint64_t most = std::max(kLeast, rest - rest / 4);
  return {std::min(asked, most), asked > most};
}

}  // namespace roost::proxy
