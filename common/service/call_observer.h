#pragma once

#include <cstdint>

#include "common/service/request.h"

namespace roost::service {

/// Told of every request once its answer is known: logs and metrics. On the loop thread of the server that answered.
class CallObserver {
 public:
  /// `now_us` is Unix time; `duration_us` is counted from the request's head.
  virtual void on_call(const Request& request, int status, int64_t now_us, int64_t duration_us) = 0;
  /// A message was refused with `status` before it became a request: malformed, or beyond a limit.
  virtual void on_refused(int /*status*/) {}

 protected:
  ~CallObserver() = default;
};

}  // namespace roost::service
