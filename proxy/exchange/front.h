#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/intrusive_list.h"
#include "common/http/server.h"
#include "proxy/cache/cache_key.h"
#include "proxy/exchange/exchange.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/runtime/runtime.h"

namespace roost::proxy {

/// Monotonic microseconds, for phase times.
int64_t now_us();

/// Where requests of one loop arrive: answers from the cache at once, without an exchange and without allocating, and
/// begins an exchange for the rest. Owns the exchanges. Loop thread only.
class Front final : public http::RequestAcceptor {
 public:
  /// Exchanges kept for use again; more are freed when they end.
  static constexpr size_t kMaxSpare = 256;

  Front(Runtime& runtime, LoopContext& context) : shared_(runtime), context_(context) {}
  /// Ends every exchange without an answer; the connections to the clients are closed before.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  Runtime& shared() { return shared_; }
  LoopContext& context() { return context_; }
  size_t active_count() const { return active_count_; }

  /// Counts the answer and writes its line to the access log.
  void record(const AccessRecord& record);
  bool wants_times() const { return context_.access_log != nullptr; }
  /// For exchanges: it has ended, and nothing of it is used behind this call.
  void recycle(Exchange& exchange);

 private:
  void on_request(http::Responder& responder, const http::RequestHead& head) override;
  void on_refused(const net::Address& client, int status, const Error& why) override;

  bool answer_from_cache(http::Responder& responder, const http::RequestHead& head, const RequestRules& rules,
                         Plan& plan);
  void answer_stored(http::Responder& responder, const http::RequestHead& head, const StoredResponse& stored,
                     int64_t started_us);
  void note_changes(const StoredResponse* stored, Plan& plan) const;
  bool answer_while_revalidating(http::Responder& responder, const http::RequestHead& head, const RequestRules& rules,
                                 const StoredResponse& stored, Plan plan);
  void plan_share(const http::RequestHead& head, const RequestRules& rules, Plan& plan);
  void answer_itself(http::Responder& responder, const http::RequestHead& head, int status, std::string_view detail,
                     int64_t started_us);
  void record_own(http::Responder& responder, const http::RequestHead& head, Outcome outcome, int status,
                  int64_t started_us);
  Exchange& take_exchange();

  Runtime& shared_;
  LoopContext& context_;
  IntrusiveList<Exchange> active_;
  size_t active_count_ = 0;
  std::vector<std::unique_ptr<Exchange>> spare_;
  // Of the request being looked at:
  CacheKey key_;
  std::string client_;           // where times are wanted
  bool client_trusted_ = false;  // the same
};

}  // namespace roost::proxy
