#pragma once

#include <cstdint>

namespace roost::proxy {

/// How many client connections a process with `descriptors` (RLIMIT_NOFILE) and `threads` loops can hold, where each
/// client may need a connection to a backend beside its own. kKeptDescriptors, and some for each thread, are kept for
/// listeners, logs, name look-ups, the admin listener and for clients that are only told that there is no room.
struct ClientCap {
  static constexpr uint64_t kKeptDescriptors = 128;
  static constexpr uint64_t kKeptPerThread = 32;
  static constexpr uint64_t kLeast = 16;  ///< however few descriptors there are

  uint64_t connections = 0;
  bool lowered = false;  ///< `asked` is more than the descriptors allow

  /// `asked`: the configured number, 0 for as many as half of the descriptors allow. More than half may be asked for,
  /// as most clients of a cache, and idle ones, need no backend; a quarter is always left.
  static ClientCap of(uint64_t descriptors, uint64_t threads, uint64_t asked);
};

}  // namespace roost::proxy
