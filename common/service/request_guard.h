#pragma once

#include <optional>

#include "common/service/answer.h"
#include "common/service/request.h"

namespace roost::service {

/// Decides about every request of a server before its action runs. On the server's loop thread.
class RequestGuard {
 public:
  /// The answer to a request that is refused; nothing for one that may go on.
  virtual std::optional<Answer> refuse(const Request& request) const = 0;

 protected:
  ~RequestGuard() = default;
};

}  // namespace roost::service
