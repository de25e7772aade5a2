#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/intrusive_list.h"
#include "common/http/field_block.h"
#include "common/net/timer.h"
#include "proxy/cache/fetch.h"
#include "proxy/cache/freshness.h"
#include "proxy/fetching/backend_call.h"
#include "proxy/fetching/fetch_context.h"
#include "proxy/fetching/kept_head.h"
#include "proxy/fetching/recycler.h"
#include "proxy/fetching/stored_lookup.h"
#include "proxy/routing/routes.h"

namespace roost::proxy {

/// The head of an answer, for the client that the fetch was begun for.
struct FetchedAnswer {
  const FetchedHead* shared = nullptr;  ///< what everybody is sent; null when the response is for this client alone
  int status = 0;
  http::BodyLength length;
  http::FieldBlockView fields;   ///< valid as long as `shared`, or until the fetch ends
  std::string_view reason = {};  ///< why it is not stored, a word for Cache-Status; empty when it may be
  int forward_status = 0;        ///< the backend's status where it is another one (304), else 0
};

/// The client that a fetch was begun for. It is told directly, on the same loop; everybody else through the Fetch. Each
/// call may end with CacheFetch::release(). None comes after that, after on_fetched_end or on_fetch_failed.
class FirstClient {
 public:
  /// With a status below 200 it is an informational response: others follow.
  virtual void on_fetched_head(const FetchedAnswer& answer) = 0;
  /// `offset`: of these bytes in the body; they stand in the Fetch already, unless the answer is for this client alone.
  /// `last`: nothing comes behind them; a client is sent these when the whole is stored, so that whoever has an answer
  /// finds it in the cache. False when the client is behind; where the answer is shared, the Fetch knows that itself.
  virtual bool on_fetched_body(std::string_view bytes, uint64_t offset, bool last) = 0;
  virtual void on_fetched_end() = 0;
  /// Before on_fetched_head: there is no answer; `stale` serves in its place, if it is not empty (RFC 5861 §4). After
  /// it: the body is truncated.
  virtual void on_fetch_failed(const CallFailure& failure, const cache::Ref<StoredResponse>& stale) = 0;

 protected:
  ~FirstClient() = default;
};

/// Fetches one response for the cache and for everybody who waits for it: asks the backend, whether what is stored is
/// still right where something is, judges the response, publishes it to the Fetch and stores it. It has no client of
/// its own: a background refresh has none at all.
///
///   state        meaning                                              leaves for
///   idle         no fetch; is kept for the next                       validating, asking
///   validating   asks whether what is stored is still right           unconfirmed, storing, passing, draining, idle
///   unconfirmed  a 304 that does not confirm it; at its end the       asking, idle
///                whole is asked for
///   asking       asks for the whole                                   unconfirmed, storing, passing, draining, idle
///   storing      the head is published, the body comes                outgrown, idle
///   outgrown     the body is larger than the cache takes, or there    idle
///                is no room for it in the budget: it is for those who
///                read it, kept only as long as they need, and comes no
///                faster than the slowest of them takes it
///   passing      uncacheable: for the first client alone              draining, idle
///   draining     nobody needs the rest: it is read on within bounds,  idle
///                so that the connection can be used again
///
/// Loop thread only. Gives itself back to its Recycler when it is done.
class CacheFetch final : public ListLink<>, private BackendCallReceiver, private FetchLeader {
 public:
  enum class State : uint8_t { idle, validating, unconfirmed, asking, storing, outgrown, passing, draining };
  struct Order {
    const std::shared_ptr<LoopSite>& site;
    const Route& route;   ///< of that site
    const CacheKey& key;  ///< that the fetch is listed under
    FetchRef fetch;       ///< FetchLock::join() said that the caller leads
    bool use_stored;      ///< what is stored may be used: fresh, validated, or stale on an error
    bool revalidate;      ///< what is stored is outdated: other caches are bypassed
  };

  CacheFetch(FetchContext& context, Recycler<CacheFetch>& recycler);
  /// Ends the fetch as abandoned, without a word to the first client.
  ~CacheFetch();
  CacheFetch(const CacheFetch&) = delete;
  CacheFetch& operator=(const CacheFetch&) = delete;

  /// Takes `request` (a GET) and gives another one in exchange, or null. `first` may be null. May be over before it
  /// returns. A response that another has stored in the meantime is returned instead; `request` is the caller's then,
  /// and the fetch has ended as abandoned.
  [[nodiscard]] cache::Ref<StoredResponse> begin(const Order& order, std::unique_ptr<KeptHead>& request,
                                                 FirstClient* first);
  /// The first client has its answer, or another one, and needs no more. From inside its events, or before
  /// on_fetched_head.
  void release();
  /// The first client has gone without its answer. Not from inside its events. The fetch is abandoned, unless others
  /// wait or little is missing.
  void leave();
  /// The first client takes bytes again.
  void resume() {
    if (state_ == State::passing) call_.resume();
  }

  State state() const { return state_; }
  /// The table above.
  static bool is_move(State from, State to);
  const KeptHead& request() const { return *request_; }
  const BackendCall& call() const { return call_; }
  /// Microseconds from the request to the response's head; -1 as long as there is none.
  int64_t head_us() const { return head_us_; }

 private:
  /// `draining` ends after so many bytes or so long; the connection is closed then.
  static constexpr uint64_t kMaxUnusedBytes = 64 * 1024;
  static constexpr int64_t kMaxUnusedMs = 1'000;

  void set_state(State next);
  void ask();
  void ask_whole();

  void on_answer_head(const http::ResponseHead& head) override;
  void on_answer_body(std::string_view bytes) override;
  void on_answer_end() override;
  void on_call_writable() override {}
  void on_call_failed(const CallFailure& failure) override;

  void judge_head(const http::ResponseHead& head);
  void take_validated(const http::ResponseHead& not_modified);
  void take_head(const http::ResponseHead& head, int forward_status);
  void publish(const http::ResponseHead& head, const Storing& storing, int forward_status);
  void refuse(const http::ResponseHead& head, std::string_view reason, int forward_status);
  void purge_stale(int status, std::string_view reason);
  bool serve_stale(const CallFailure& failure);
  void on_fetch_room() override { call_.resume(); }

  void share_body(std::string_view bytes);
  void stop_sharing(FetchState how, int status = 0);
  bool is_wanted() const;
  void cut_off();
  void finish();

  FetchContext& context_;
  Recycler<CacheFetch>& recycler_;
  std::shared_ptr<LoopSite> site_;  // of the fetch; outlives the call
  BackendCall call_;
  net::Timer unused_timer_;  // ends `draining`
  uint64_t unused_bytes_ = 0;
  std::unique_ptr<KeptHead> request_;
  const Route* route_ = nullptr;
  CacheKey key_;
  FetchRef fetch_;  // empty once it has ended
  StoredLookup stored_;
  FirstClient* first_ = nullptr;
  http::FieldBlock answer_fields_;
  State state_ = State::idle;
  bool use_stored_ = false;
  bool revalidates_ = false;     // Order::revalidate, or found out later
  bool asked_whole_ = false;     // since a 304 did not confirm what is stored
  bool first_has_left_ = false;  // without its answer
  struct {
    int64_t us = 0;       // by now_us()
    int64_t loop_ms = 0;  // by the loop
  } called_;              // when the backend was asked
  int64_t head_us_ = -1;
};

}  // namespace roost::proxy
