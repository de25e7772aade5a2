#pragma once

#include <cstdint>

namespace roost::http {

/// The state of a client's connection.
///
///   state         meaning                                           leaves for
///   idle          between requests, nothing of the next looked at   reading_head, exchanging, lingering, closed
///   reading_head  part of a head has come                           idle (an empty line), exchanging, lingering,
///                                                                   closed
///   exchanging    a request is with the acceptor                    idle, draining, flushing, lingering, closed
///   draining      the response is out; the rest of the request's    idle, flushing, lingering, closed
///                 body is read and dropped
///   flushing      the exchange is over, the client is far behind    idle, lingering, closed
///                 in taking it: no further request until it has
///   lingering     FIN is queued; what still comes is dropped        closed
///   closed        the stream is gone; retired                       –
class ServerState {
 public:
  enum class State : uint8_t { idle, reading_head, exchanging, draining, flushing, lingering, closed };

  static bool is_move(State from, State to);
  /// A move that is not in the table is a programmer error.
  void move_to(State next);
  State now() const { return now_; }
  /// The response is whole, and no further request is read before the client has taken it.
  bool sends_last() const { return now_ == State::flushing || now_ == State::lingering; }
  bool operator==(State other) const { return now_ == other; }

 private:
  State now_ = State::idle;
};

}  // namespace roost::http
