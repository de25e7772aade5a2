#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/intrusive_list.h"
#include "common/http/server.h"
#include "common/net/address.h"
#include "common/net/timer.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/fetch.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/stored_response.h"
#include "proxy/exchange/cache_status.h"
#include "proxy/exchange/forwarded_head.h"
#include "proxy/exchange/kept_head.h"
#include "proxy/fetching/backend_call.h"
#include "proxy/routing/routes.h"

namespace roost::proxy {

class Front;

/// What is to be done with a request that the cache could not answer at once.
struct Plan {
  const Route* route = nullptr;
  bool revalidate = false;  ///< what is stored is outdated: no cache on the way may answer
  int64_t changed_us = 0;   ///< since when
  bool share = false;       ///< lead or join a fetch for the cache; false: pass, for this client alone
  ForwardReason reason = ForwardReason::bypass;
  const CacheKey* key = nullptr;  ///< to fetch under; null on a route without a cache
  std::string_view detail;        ///< a word for Cache-Status, or empty
  int64_t started_us = 0;         ///< 0 when nobody wants to know
};

/// The life of one request that needs a backend. Hits never get here. It has two sides that end on their own: the
/// client's (`responder_`, null once it is answered or gone) and the backend's (`call_`, or the fetch of another
/// exchange, whatever thread that runs on).
///
///   state      client             answer comes from                     leaves for
///   spare      –                  –                                     any of the next three
///   calling    waits              own call, no head yet                 answering, alone, spare
///   answering  gets head, body    own call                              following, alone, spare
///   waiting    waits              another's fetch, no head yet          following, calling, waiting, spare
///   following  gets head, body    a fetch's blocks, at its own speed    spare
///   alone      gone or answered   own call, for the cache and others    spare
///
/// What comes of a call when neither the client nor a fetch has a use for it is read to its end when that is near, so
/// that the connection serves again, and else cut off (leave_rest).
///
/// One that refreshes (begin_refresh) has no client at all, and is alone from the start.
///
/// An exchange that leads a fetch publishes what comes to the cache and to all who wait. Belongs to a Front, which uses
/// it again. Loop thread only.
class Exchange final : public ListLink<>,
                       private http::RequestReceiver,
                       private BackendCallReceiver,
                       private FetchWaiter {
 public:
  explicit Exchange(Front& front);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Inside on_request. May be over before it returns.
  void begin(http::Responder& responder, const http::RequestHead& head, const Plan& plan);
  /// Fetches anew, by GET, what a client has just been given stale (RFC 5861 §3), unless somebody does already. May be
  /// over before it returns.
  void begin_refresh(const net::Address& client, const http::RequestHead& head, const Plan& plan);

 private:
  enum class State : uint8_t { spare, calling, answering, waiting, following, alone };
  static constexpr size_t kPiecesPerRead = 16;
  /// Who has waited for so many fetches that turned out to be another variant's fetches alone from the next on.
  static constexpr uint32_t kMaxOtherVariants = 3;
  /// A fetch nobody waits for any more goes on when this little is missing: it serves the next who asks.
  static constexpr uint64_t kNearlyDoneBytes = 256 * 1024;
  /// An answer that is of no use to anybody is read on for so many bytes and so long, then its connection is closed.
  static constexpr uint64_t kMaxUnusedBytes = 64 * 1024;
  static constexpr int64_t kMaxUnusedMs = 1'000;

  void set_state(State next);
  void remember(const net::Address& client, const http::RequestHead& head, const Plan& plan);
  void forward_fields(const http::RequestHead& head, bool share);
  void call_backend();
  void ask();
  bool outdated_on_arrival(const http::ResponseHead& head) const;
  void hold_refresh();

  // exchange_share.cc: the fetch that is shared, led or followed.
  void join();
  void look_up_again();
  bool find_stored();
  bool answer_stored();
  bool answer_stale(int failed_status);
  void respond_stored(http::FieldBlockView more_fields);
  void lead_head(const http::ResponseHead& head);
  void publish_head(const http::ResponseHead& head, const Storing& storing);
  void take_not_modified(const http::ResponseHead& head);
  void take_validated(const http::ResponseHead& head);
  void ask_whole();
  void forget_stale(int status, std::string_view reason);
  void stop_sharing(FetchState how, int status = 0);
  void share_body(std::string_view bytes);
  void share_end();
  void send_available();
  void catch_up();
  bool worth_finishing() const;
  bool is_wanted() const;
  void on_fetch_progress() override;
  void on_fetch_without_answer(const Fetch::Reading& reading);
  void join_variant(std::string_view variant);
  void fetch_alone();
  bool begin_following(const FetchedHead& head);
  void send_pieces(const Fetch::Reading& reading);
  void end_following(const Fetch::Reading& reading);
  void leave_fetch();
  void answer_not_modified();

  // The client.
  void on_request_body(std::string_view bytes) override;
  void on_request_end() override;
  void on_client_writable() override;
  void on_client_gone(const Error& error) override;
  http::ResponseStart answer_start() const;
  void flush_head();
  void answer_body(std::string_view bytes);
  void answer_end();
  void answer_problem(int status, std::string_view detail);
  void abort_answer();
  /// The client's side is over, in one way or another: counted and logged.
  void client_done(bool complete);
  void settle();

  // The backend.
  void on_answer_head(const http::ResponseHead& head) override;
  void judge_head(const http::ResponseHead& head);
  void take_head(const http::ResponseHead& head);
  void on_answer_body(std::string_view bytes) override;
  void on_answer_end() override;
  void on_call_writable() override;
  void on_call_failed(const CallFailure& failure) override;
  void invalidate(const http::ResponseHead& head);
  bool unused() const { return responder_ == nullptr && !leads_; }
  void leave_rest(const http::ResponseHead& head);
  void cut_off();

  Front& front_;
  BackendCall call_;
  net::Timer flush_timer_;   // sends a head whose body does not come in the same read
  net::Timer unused_timer_;  // cuts off an answer that is of no use to anybody
  http::Responder* responder_ = nullptr;
  const Route* route_ = nullptr;
  State state_ = State::spare;
  ForwardReason reason_ = ForwardReason::bypass;
  Outcome outcome_ = Outcome::pass;
  http::Method method_ = http::Method::get;
  bool leads_ = false;           // fetch_ is ours to publish to
  bool too_large_ = false;       // and more than the cache takes
  bool head_sent_ = false;       // to the client
  bool client_writable_ = true;  // the last send_… said to go on
  bool client_left_ = false;     // before it had its answer
  bool trusted_ = false;
  bool revalidates_ = false;  // Plan::revalidate, or found out when leading
  bool validates_ = false;    // the call asks whether stored_ is still right; then, that it is
  bool asked_whole_ = false;  // since a 304 said nothing of what is stored
  int status_ = 0;            // of the answer; 0 while there is none that is passed on
  http::BodyLength answer_length_;
  http::FieldBlock answer_fields_;
  http::FieldBlock more_fields_;  // Age and Cache-Status
  CacheKey key_;                  // to fetch under; empty on a route without a cache
  CacheKey look_up_key_;
  KeptHead kept_;                      // the request, while it may share a fetch
  cache::Ref<StoredResponse> stored_;  // what the last look into the cache has found, whether fresh or not
  FetchRef fetch_;
  Fetch::Cursor cursor_;  // how far the client has been sent the fetch's body
  std::vector<BlockRef> pieces_;
  std::string detail_;
  std::string request_id_storage_;
  std::string request_id_;
  std::string client_;
  uint32_t other_variants_ = 0;  // fetches waited for that were another variant's
  uint64_t unused_bytes_ = 0;    // that have come of an answer of no use
  int64_t started_us_ = 0;
  int64_t called_us_ = 0;
  int64_t changed_us_ = 0;  // when what is asked for is known to have changed
  int64_t backend_head_us_ = -1;
};

}  // namespace roost::proxy
