#pragma once

#include <cstdint>

#include "common/http/message.h"
#include "proxy/upstream/retry.h"

namespace roost::proxy {

/// Which request bodies are whole before a backend is chosen, so that a slow client does not hold one up.
enum class Gather : uint8_t {
  off,    ///< none: the first piece goes on at once
  small,  ///< those that are announced to be small (RequestBody::kMaxHeldBytes)
  all,    ///< all; what does not fit into memory is kept in a file
};

/// How the requests of one route are sent to its backends: bounds on time, and what is tried elsewhere. Times in ms.
struct CallPolicy {
  http::RequestTimeouts timeouts;
  int64_t whole_ms = 0;            ///< from the request's head to the response's last byte; 0: no bound
  int64_t shared_wait_ms = 2'000;  ///< for the head of another client's fetch, then one that waits fetches as well
  RetryOn retry_on;
  Gather gather = Gather::small;
};

}  // namespace roost::proxy
