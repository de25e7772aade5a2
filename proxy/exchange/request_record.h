#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/message.h"
#include "proxy/exchange/delivery.h"
#include "proxy/fetching/backend_call.h"
#include "proxy/fetching/forwarded_head.h"
#include "proxy/observe/access_log.h"
#include "proxy/runtime/loop_context.h"

namespace roost::proxy {

/// Counts an answered request and writes its line to the access log, if that is on. `record` lacks its times:
/// `started_us` is when the request's head came.
void write_record(LoopContext& context, AccessRecord& record, int64_t started_us);

/// What is counted and logged of a request that needs a backend, collected until its answer has ended.
class RequestRecord {
 public:
  /// Copies. `started_us`: 0 when the access log is off.
  void begin(const http::RequestHead& head, const Origin& origin, int64_t started_us);
  /// The call that the answer came from, and the microseconds until its head; -1 when none came.
  void note_call(const BackendCall& call, int64_t head_us);
  void finish(LoopContext& context, const Delivered& delivered) const;

  /// Why it failed. The first failure counts: others follow from it.
  void note_failure(Side side, Step step, std::string_view what);

  void set_outcome(Outcome outcome) { outcome_ = outcome; }
  Outcome outcome() const { return outcome_; }
  /// A backend was asked.
  bool has_backend() const { return backend_ != nullptr; }
  std::string_view request_id() const { return request_id_; }
  /// The request's Accept, as far as it is kept.
  std::string_view accept() const { return accept_; }

 private:
  static constexpr size_t kMaxAcceptBytes = 512;

  std::string client_;
  std::string request_id_;
  std::string accept_;
  std::string method_;
  std::string target_;
  int64_t started_us_ = 0;
  Outcome outcome_ = Outcome::pass;
  const Backend* backend_ = nullptr;
  Failure failure_;
  uint32_t retries_ = 0;
  int64_t backend_head_us_ = -1;
};

}  // namespace roost::proxy
