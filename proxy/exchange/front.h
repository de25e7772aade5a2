#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/server.h"
#include "proxy/cache/freshness.h"
#include "proxy/exchange/admission.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/late_record.h"
#include "proxy/exchange/plan.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/runtime/runtime.h"

namespace roost::proxy {

/// Where requests of one loop arrive: answers from the cache at once, without an exchange and without allocating, and
/// begins an exchange for the rest. Loop thread only.
class Front final : public http::RequestAcceptor {
 public:
  Front(Runtime& runtime, LoopContext& context);
  /// Ends every exchange without an answer; the connections to the clients are closed before.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  /// Requests and background fetches under way.
  size_t active_count() const {
    return exchange_context_.exchanges.active_count() + exchange_context_.cache_fetches.active_count();
  }

 private:
  /// An answer of the front's own.
  struct OwnError {
    int status;
    std::string_view sentence;
    std::string_view word;        // for Cache-Status
    std::string_view allow = {};  // Allow, for 405
    int64_t retry_after_s = 1;    // for 429 and 503
  };

  void on_request(http::Responder& responder, const http::RequestHead& head) override;
  void on_refused(http::Responder& responder, const http::RefusedRequest& refused) override;
  void on_limit(http::Limit limit) override { context_.counters.count(limit); }

  void take(http::Responder& responder, const http::RequestHead& head);
  bool answer_from_cache(http::Responder& responder, const http::RequestHead& head, const RequestRules& rules,
                         Plan& plan);
  void answer_stored(http::Responder& responder, const http::RequestHead& head, const StoredResponse& stored,
                     const Plan& plan);
  void note_changes(const StoredResponse* stored, Plan& plan) const;
  bool answer_while_revalidating(http::Responder& responder, const http::RequestHead& head, const RequestRules& rules,
                                 const StoredResponse& stored, Plan plan);
  void plan_share(const http::RequestHead& head, const RequestRules& rules, Plan& plan);
  void refresh(const http::RequestHead& head, const Plan& plan);
  bool answer_last_hop(http::Responder& responder, const http::RequestHead& head, Plan& plan);
  void answer_problem(http::Responder& responder, const http::RequestHead& head, const OwnError& error, Plan& plan);
  void refuse(http::Responder& responder, const http::RequestHead& head, const Admission::Refusal& refusal, Plan& plan);
  void record(http::Responder& responder, const http::RequestHead& head, Outcome outcome, int status, const Plan& plan);
  std::string_view request_id_of(const http::Responder& responder, const http::RequestHead& head, const Plan& plan);
  Origin origin_of(const http::Responder& responder, const http::RequestHead& head);

  Runtime& runtime_;
  LoopContext& context_;
  Admission admission_;
  ExchangeContext exchange_context_;
  Recycler<LateRecord> late_records_;
  std::unique_ptr<KeptHead> refresh_request_;
  // Of the request being looked at:
  std::string_view scheme_;  // as believed_scheme() says
  CacheKey key_;
  std::string client_;
};

}  // namespace roost::proxy
