#pragma once

#include <cstdint>

#include "common/config/field_table.h"

namespace roost::proxy {

/// Bounds on requests to backends, in ms: in `[proxy]` for all routes, in a `[[route]]` for its own.
struct CallTimeouts {
  int64_t connect_ms = -1;  ///< -1, here and below: that of [proxy]
  int64_t first_byte_ms = -1;
  int64_t between_bytes_ms = -1;
  int64_t request_ms = -1;  ///< 0: no bound
  int64_t shared_fetch_ms = -1;
};

/// Declares connect_timeout and so on, bound to `timeouts`, which outlives the section.
void declare_timeouts(config::Section& section, CallTimeouts& timeouts);
/// Fills in the times that are not given.
void inherit_timeouts(CallTimeouts& timeouts, const CallTimeouts& general);

}  // namespace roost::proxy
