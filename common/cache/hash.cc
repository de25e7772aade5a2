#include "common/cache/hash.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace roost::cache {
namespace {

uint64_t random_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

const uint64_t kSeed = random_seed();

}  // namespace

uint64_t hash_key(std::string_view key) {
  return XXH3_64bits_withSeed(key.data(), key.size(), kSeed);
}

}  // namespace roost::cache
