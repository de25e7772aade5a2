#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/intrusive_list.h"
#include "common/http/server.h"
#include "proxy/fetching/recycler.h"
#include "proxy/observe/access_log.h"
#include "proxy/runtime/loop_context.h"

namespace roost::proxy {

/// The record of a hit that its client is still taking: whether it ever had all of it is known later. Loop thread only.
class LateRecord final : public ListLink<>, private http::RequestReceiver {
 public:
  /// Below this a client is not behind: the connection takes so much at once.
  static constexpr uint64_t kLeastBytes = net::Stream::kLowWatermarkBytes;

  LateRecord(LoopContext& context, Recycler<LateRecord>& recycler) : context_(context), recycler_(recycler) {}

  /// True: it writes the record when the client has taken the answer or left, and gives itself back to the recycler.
  /// False: it may be written now. Inside on_request, behind respond().
  bool wait(http::Responder& responder, const AccessRecord& record, int64_t started_us);

 private:
  void on_request_body(std::string_view) override {}
  void on_request_end() override {}
  void on_client_writable() override { finish(); }
  void on_client_gone(const Error& error) override;
  void finish();

  LoopContext& context_;
  Recycler<LateRecord>& recycler_;
  AccessRecord record_;  // whose texts are in text_
  std::string text_;
  Failure failure_;
  int64_t started_us_ = 0;
};

}  // namespace roost::proxy
