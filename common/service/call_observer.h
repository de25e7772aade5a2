#pragma once

#include <cstdint>

namespace roost::api {

struct Request;

/// Told of every API call once its answer is known. On the loop thread of the front that answered.
class CallObserver {
 public:
  /// `now_us` is Unix time; `duration_us` is counted from the request's head.
  virtual void on_call(const Request& request, int status, int64_t now_us, int64_t duration_us) = 0;

 protected:
  ~CallObserver() = default;
};

}  // namespace roost::api
