#pragma once

#include <cstdint>

namespace roost::api {

/// What became of the reads that a replica may answer. Totals since the start, but for the last three.
struct ReplicaStats {
  uint64_t reads = 0;       ///< sent to a replica
  uint64_t to_primary = 0;  ///< sent to the primary, as no replica was up and young enough
  uint64_t replicas = 0;    ///< configured
  uint64_t in_use = 0;      ///< up and young enough now
  int64_t oldest_ms = 0;    ///< age that the oldest of those in use may have
};

}  // namespace roost::api
