#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/intrusive_list.h"
#include "common/http/server.h"
#include "proxy/cache/fetch.h"
#include "proxy/exchange/delivery.h"
#include "proxy/exchange/pass.h"
#include "proxy/exchange/plan.h"
#include "proxy/exchange/request_record.h"
#include "proxy/fetching/cache_fetch.h"
#include "proxy/fetching/fetch_context.h"
#include "proxy/fetching/recycler.h"

namespace roost::proxy {

class Exchange;

/// What the exchanges of one loop work with. Outlives them.
struct ExchangeContext {
  explicit ExchangeContext(const FetchContext& fetch_context)
      : fetch(fetch_context), cache_fetches(fetch.loop.loop), exchanges(fetch.loop.loop) {}

  FetchContext fetch;
  Recycler<CacheFetch> cache_fetches;
  Recycler<Exchange> exchanges;
};

/// One client's request that needs a backend; hits never get here. Its answer comes from a call of its own (a pass),
/// from a fetch for the cache that it begins or joins, or, when the backends fail, from what is stored although stale.
///
///   state      the answer comes from                             leaves for
///   idle       –; no request, is kept for the next               joining, passing
///   joining    nowhere yet: looks for a fetch to join            leading, waiting, passing, idle
///   leading    its own CacheFetch, which tells it directly       following, idle
///   waiting    another's fetch, whose head is awaited, or its    joining, following, passing, idle
///              end where the body may turn out too large
///   following  the blocks of a fetch, at the client's speed      idle
///   passing    its own call                                      finishing
///   finishing  –; it is out, the call's end is awaited           idle
///
/// Loop thread only. Gives itself back to its Recycler when it is done.
class Exchange final : public ListLink<>,
                       private http::RequestReceiver,
                       private DeliveryOwner,
                       private PassOwner,
                       private FirstClient,
                       private FetchWaiter {
 public:
  enum class State : uint8_t { idle, joining, leading, waiting, following, passing, finishing };
  explicit Exchange(ExchangeContext& context);
  ~Exchange() override { leave_fetch(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Inside on_request. May be over before it returns.
  void begin(http::Responder& responder, const http::RequestHead& head, const Plan& plan);
  State state() const { return state_; }
  /// The table above.
  static bool is_move(State from, State to);

 private:
  /// Whoever has waited for so many fetches that were not for it fetches alone from the next on.
  static constexpr uint32_t kMaxFetchesLeft = 3;

  void set_state(State next);

  void join();
  void lead();
  void look_up_again();
  void pass(const http::RequestHead& head, const Origin& origin);
  void pass_alone(std::string_view detail);
  void follow();
  void leave_fetch();
  void answer_fresh(const StoredResponse& stored, const http::Fields& request_fields);
  void answer_stale(const StoredResponse& stored, const http::Fields& request_fields, int failed_status);
  void answer_failure(const CallFailure& failure);
  void end_lead();
  void settle();

  void on_request_body(std::string_view bytes) override;
  void on_request_end() override { pass_.end_body(); }
  void on_client_writable() override;
  void on_client_gone(const Error& error) override;
  void on_delivered(const Delivered& delivered) override;

  void on_pass_ended() override { settle(); }
  void on_pass_failed(const CallFailure& failure) override;

  void on_fetched_head(const FetchedAnswer& answer) override;
  bool on_fetched_body(std::string_view bytes, uint64_t offset, bool last) override;
  void on_fetched_end() override;
  void on_fetch_failed(const CallFailure& failure, const cache::Ref<StoredResponse>& stale) override;

  void on_fetch_progress() override;
  void on_fetch_without_answer(const Fetch::Reading& reading);
  bool begin_following();

  ExchangeContext& context_;
  std::shared_ptr<LoopSite> site_;  // that it began with
  Delivery delivery_;
  RequestRecord record_;
  Pass pass_;
  State state_ = State::idle;
  Plan plan_;
  CacheKey key_;                       // Plan::key, or that of another variant; empty on a route without a cache
  std::unique_ptr<KeptHead> request_;  // while it may share a fetch; the CacheFetch has it while leading
  CacheFetch* lead_ = nullptr;         // while leading
  FetchRef fetch_;                     // that is led, awaited or followed
  StoredLookup stored_;
  uint32_t fetches_left_ = 0;  // waited for in vain: another variant's, or abandoned
};

}  // namespace roost::proxy
