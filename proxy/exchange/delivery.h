#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/http/field_block.h"
#include "common/http/server.h"
#include "common/net/timer.h"
#include "proxy/cache/fetch.h"
#include "proxy/exchange/problem.h"
#include "proxy/observe/failure.h"

namespace roost::proxy {

/// How an answer ended.
struct Delivered {
  int status = 0;      ///< sent; 0 when there was none
  uint64_t bytes = 0;  ///< of the body, written to the client
  Ending ending = Ending::complete;
};

class DeliveryOwner {
 public:
  /// The answer has ended, or the client has gone. Once for each Delivery::begin(), from inside a call of the delivery.
  virtual void on_delivered(const Delivered& delivered) = 0;

 protected:
  ~DeliveryOwner() = default;
};

/// What one client gets, whatever it comes from: a whole answer, pieces as they come from a backend, or the blocks of a
/// Fetch at the client's own speed.
///
///   state    meaning                                                  leaves for
///   idle     no client: before begin(), and once the answer ended     waiting
///   waiting  nothing of the answer is known                           ready, idle
///   ready    the head is known; it is sent with the first bytes of    sending, idle
///            the body, or by flush()
///   sending  the head is sent                                         idle
///
/// Loop thread only.
class Delivery {
 public:
  enum class State : uint8_t { idle, waiting, ready, sending };
  struct Head {
    int status = 200;
    http::BodyLength length;
    http::FieldBlockView fields;  ///< valid until the head is sent
    bool head_only = false;       ///< the answer to a HEAD
  };
  /// What follow() has come to.
  enum class Followed : uint8_t {
    more,    ///< the client is behind, or the fetch goes on
    ended,   ///< the answer is sent
    broken,  ///< the fetch ended without its whole body
  };

  Delivery(net::TimerQueue& timers, DeliveryOwner& owner)
      : owner_(owner), flush_timer_(net::Timer::of<&Delivery::flush>(timers, this)) {}
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  void begin(http::Responder& responder);
  State state() const { return state_; }
  /// The table above.
  static bool is_move(State from, State to);
  bool active() const { return state_ != State::idle; }
  bool head_sent() const { return state_ == State::sending; }
  /// The client takes bytes: the last write did not say to wait.
  bool writable() const { return writable_; }
  /// Back-pressure on the request's body. Without effect when idle.
  void pause_request();
  void resume_request();

  /// The whole answer at once, in place of anything else. Before the head is sent.
  void respond(const http::ResponseStart& start, std::span<const Slice> body);
  /// Fields of this answer beside Head::fields, to be filled in before the head is sent. Empty after begin().
  http::FieldBlock& more_fields() { return more_fields_; }
  /// A backend's informational response (103 and so on), before the head; ignored once that is known.
  void send_informational(int status, http::FieldBlockView fields);
  void set_head(const Head& head);
  /// An error of the proxy's own, see problem.h. Before the head is sent.
  void respond_problem(const Problem& problem, http::FieldBlockView more_fields);
  /// 304 with the fields of the head.
  void respond_not_modified();
  /// Sends the head, if it is known and not sent yet; flush_soon() does so once the loop has read what there is.
  void flush();
  void flush_soon() { flush_timer_.start_ms(0); }
  void send_body(std::string_view bytes);
  void end();
  /// Breaks the answer off so that the client sees it.
  void abort();

  /// From http::RequestReceiver.
  void client_writable() { writable_ = true; }
  void client_gone();

  // ---- from a Fetch -------------------------------------------------------------------------------------------------

  /// The body is the fetch's, from its first byte on. False when it may not be begun any more.
  bool read_from(FetchRef fetch);
  /// The client takes bytes and has been sent the fetch's body up to `offset`.
  bool keeps_up(uint64_t offset) const { return writable_ && cursor_.offset() == offset; }
  /// The bytes behind the cursor, without a look into the fetch.
  void send_shared(std::string_view bytes);
  /// Sends what lies between the cursor and the end of what has been fetched, as far as the client takes it.
  Followed follow();

 private:
  /// So many blocks are queued at once for a client that does not take them.
  static constexpr size_t kPiecesPerRead = 4;

  void set_state(State next);
  http::ResponseStart start() const;
  void send_pieces(const Fetch::Reading& reading);
  Followed end_of(const Fetch::Reading& reading);
  void finish(Ending ending);

  DeliveryOwner& owner_;
  net::Timer flush_timer_;  // for flush_soon()
  http::Responder* responder_ = nullptr;
  State state_ = State::idle;
  bool writable_ = true;
  Head head_;
  http::FieldBlock more_fields_;
  FetchRef fetch_;  // that it reads from
  FetchCursor cursor_;
  std::vector<BlockRef> pieces_;
};

}  // namespace roost::proxy
