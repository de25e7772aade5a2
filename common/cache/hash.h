#pragma once

#include <cstdint>
#include <string_view>

namespace roost::cache {

/// The hash a key is looked up, sharded and remembered by: XXH3-64, seeded at random once per process, so that a client
/// cannot choose keys that collide. Never stored and never compared between processes. Any thread.
uint64_t hash_key(std::string_view key);

}  // namespace roost::cache
