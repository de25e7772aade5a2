#include "common/http/http1/server_connection.h"

#include "common/base/check.h"
#include "common/http/http1/head_rules.h"
#include "common/http/problem.h"
#include "common/http/server.h"

namespace roost::http {

namespace {

// `bytes`: what the head was read from, unless it is whole.
RefusedRequest refused_request(const HeadReader::Reading& reading, const RequestHead& head, std::string_view bytes) {
  RefusedRequest refused{reading.refusal.status, reading.refusal.why, {}, {}, nullptr};
  if (reading.verdict == HeadReader::Verdict::complete) {
    refused.method = head.method_text;
    refused.target = head.target;
    refused.head = &head;
  } else {
    see_request_line(bytes, refused.method, refused.target);
  }
  return refused;
}

}  // namespace

ServerConnection::ServerConnection(Server::Impl& server, net::StreamPtr stream, bool https, bool admitted)
    : server_(server),
      stream_(std::move(stream)),
      deadline_(
          server.loop.timers(), [](void* self) { static_cast<ServerConnection*>(self)->on_timeout(); }, this),
      https_(https),
      admitted_(admitted) {
  server_.connections.push_back(*this);
  ++server_.connection_count;
  if (!admitted_) ++server_.turned_away;
  stream_->set_receiver(this);
  arm_timer();
  stream_->start_reading();
}

// ---- bytes from the client ------------------------------------------------------------------------------------------

void ServerConnection::on_data(std::string_view bytes) {
  if (state_ == State::lingering) {
    if (input_.drop(bytes) > kMaxLingerBytes) on_error({"the client sends on and on", Side::client});
    return;
  }
  if (input_.kept_bytes() > 0) {
    input_.keep(bytes);
    if (state_ == State::reading_head || input_.waits(state_ == State::idle)) return process_kept();
  } else {
    input_.keep(consume(bytes));
  }
  settle_input();
}

void ServerConnection::process_kept() {
  std::string bytes = input_.take_kept();
  const size_t left = consume(bytes).size();
  input_.put_back(std::move(bytes), left);
  settle_input();
}

// After input has been looked at: whether to read on, or to end.
void ServerConnection::settle_input() {
  if (state_ == State::closed || state_ == State::lingering) return input_.free_kept();
  if (input_ended_) {
    const bool nothing_kept = input_.kept_bytes() == 0;
    if (state_ == State::reading_head || (state_ == State::idle && nothing_kept)) return finish_connection();
    if (input_.reads_body() && nothing_kept) {
      on_error({"the client closed in the middle of the request's body", Side::client});
    }
    return;
  }
  // Whoever sends on while a response is under way is not read further than this; reading at all shows when it goes.
  const bool enough =
      input_.kept_bytes() >= server_.limits.max_head_bytes || (input_.in_body() && !input_.reads_body());
  if (enough) {
    stream_->stop_reading();
  } else {
    stream_->start_reading();
  }
}

// Takes heads, bodies and further heads from `bytes` until they are used up or must wait; returns what must wait. The
// state may be another one after each call of the acceptor or the receiver.
std::string_view ServerConnection::consume(std::string_view bytes) {
  using Event = RequestInput::Event;
  consuming_ = true;
  bool more = true;
  while (more && !bytes.empty()) {
    if (state_ != State::idle && state_ != State::reading_head && !input_.reads_body()) break;
    const RequestInput::Found found = input_.next(bytes, server_.limits, server_.head);
    switch (found.event) {
      case Event::head:
        hand_over(found.reading.facts);
        break;
      case Event::empty_line:
        if (state_ == State::idle) break;
        state_.move_to(State::idle);
        arm_timer();
        break;
      case Event::need_more:
        more = false;
        if (state_ != State::idle) break;
        state_.move_to(State::reading_head);
        arm_timer();
        break;
      case Event::content:
        response_.body_begun();
        arm_timer();
        if (!body_pace_.keeps_up(server_.limits.body_rate, server_.loop.now_ms(), input_.content().size(),
                                 input_.body_bytes())) {
          more = false;
          server_.acceptor.on_limit(Limit::body_rate);
          refuse({.status = 408, .why = "the body comes too slowly"});
          break;
        }
        if (state_ == State::exchanging) receiver_->on_request_body(input_.content());
        // A body of known length ends with its last byte: say so now rather than with the next one.
        if (!bytes.empty() || !input_.in_body() || !input_.ends_here()) break;
        [[fallthrough]];
      case Event::end:
        if (state_ == State::draining) {
          next_request();
        } else {
          arm_timer();
          receiver_->on_request_end();
        }
        break;
      case Event::refused:
        more = false;
        refuse(refused_request(found.reading, server_.head, bytes));
        break;
    }
  }
  consuming_ = false;
  return bytes;
}

void ServerConnection::hand_over(const HeadFacts& facts) {
  RequestHead& head = server_.head;
  ++requests_;
  state_.move_to(State::exchanging);
  close_asked_ = !facts.keep_alive;
  response_.start(head.method == Method::head, facts, head.expect_continue);
  receiver_ = nullptr;
  deadline_.clear();
  head.scheme = https_ ? "https" : "http";
  server_.acceptor.on_request(*this, head);
  if (state_ != State::exchanging) return;
  ROOST_CHECK(receiver_ != nullptr);  // whoever answers later must be there to hear of the client's end
  if (!input_.paused()) response_.send_continue(*stream_);
  arm_timer();
  if (!input_.in_body()) receiver_->on_request_end();
}

bool ServerConnection::attach(RequestReceiver* receiver) {
  ROOST_CHECK(receiver != nullptr);
  const bool sending = state_.sends_last() && !response_.below_watermark();
  if (state_ != State::exchanging && !sending) return false;
  receiver_ = receiver;
  return true;
}

void ServerConnection::pause_body() {
  if (state_ != State::exchanging || input_.paused()) return;
  input_.pause(true);
  if (input_.in_body()) stream_->stop_reading();
  arm_timer();
}

void ServerConnection::resume_body() {
  if (state_ != State::exchanging) return;
  input_.pause(false);
  response_.send_continue(*stream_);
  body_pace_.start_again(server_.loop.now_ms(), input_.body_bytes());
  arm_timer();
  if (consuming_) return;
  if (input_.kept_bytes() == 0) return settle_input();
  deadline_.wake();  // not from inside the receiver's call, but at the loop's next turn
}

void ServerConnection::on_end() {
  input_ended_ = true;
  if (input_.waits(state_ == State::idle)) return process_kept();
  if (state_ == State::lingering && stream_->queued_bytes() == 0) return abort();
  settle_input();
}

void ServerConnection::on_error(const Error& error) {
  RequestReceiver* receiver = std::exchange(receiver_, nullptr);
  abort();
  if (receiver != nullptr) receiver->on_client_gone({error.what, Side::client, false, error.code});
}

// Whoever has the request lets go of it. The client is told where no response has begun; else it sees that the response
// is not whole.
void ServerConnection::on_out_of_memory() {
  static const Error kWhy{"out of memory", Side::internal};
  consuming_ = false;
  if (state_ == State::closed || state_ == State::lingering) return;
  if (state_ == State::exchanging) server_.acceptor.on_limit(Limit::memory);
  const bool awaited = state_ == State::exchanging && response_.phase() == Phase::awaited;
  // Of a response that is whole the last bytes may have to be sent.
  if (!awaited && state_ != State::exchanging && receiver_ == nullptr) return linger();
  RequestReceiver* receiver = std::exchange(receiver_, nullptr);
  input_.stop();
  response_.close_after();
  if (!awaited) abort();
  if (receiver != nullptr) receiver->on_client_gone(kWhy);
  if (awaited) respond_out_of_memory(*this);
}

// ---- the end --------------------------------------------------------------------------------------------------------

// The client broke a rule or a limit. While no response has begun it gets one that says so, the last on this
// connection, from whoever has its request, or from the acceptor where nobody has.
void ServerConnection::refuse(const RefusedRequest& refused) {
  if (state_ == State::draining) return linger();
  if (state_ != State::exchanging) {
    state_.move_to(State::exchanging);
    response_.start(refused.method == "HEAD", HeadFacts(), false);
  } else if (response_.phase() != Phase::awaited) {
    return on_error({std::string(refused.why), Side::client, false, refused.status});
  }
  RequestReceiver* receiver = std::exchange(receiver_, nullptr);
  input_.stop();  // what is still to come of it is dropped behind FIN
  close_asked_ = false;
  response_.close_after();
  if (receiver != nullptr) {
    receiver->on_client_gone({std::string(refused.why), Side::client, false, refused.status});
  } else {
    server_.acceptor.on_refused(*this, refused);
  }
  if (state_ != State::exchanging) return;
  static const FieldBlock fields{{"Content-Type", kProblemJson}, {"Cache-Control", "no-store"}};
  const std::string body = problem_body(refused.status, refused.why);
  const Slice piece{std::string_view(body)};
  static const FieldBlock later{{"Retry-After", "1"}};
  const FieldBlockView more = refused.status == 429 || refused.status == 503 ? FieldBlockView(later) : FieldBlockView();
  respond({.status = refused.status, .fields = fields, .more_fields = more, .body = BodyLength::known(body.size())},
          {&piece, 1});
}

void ServerConnection::abort() {
  if (state_ == State::closed) return;
  // A body that ends with the connection would look whole.
  if (state_ == State::exchanging && response_.phase() == Phase::streaming && response_.ends_with_connection()) {
    stream_->reset_on_close();
  }
  state_.move_to(State::closed);
  deadline_.stop();
  receiver_ = nullptr;
  input_.stop();
  if (!admitted_) {
    --server_.turned_away;
  } else if (server_.gate != nullptr) {
    server_.gate->on_closed(stream_->peer());
  }
  stream_.reset();
  unlink();
  --server_.connection_count;
  server_.loop.retire(std::unique_ptr<net::Retirable>(this));
}

void ServerConnection::drain() {
  if (state_ != State::idle || input_.kept_bytes() > 0) return;
  if (server_.drain_idle_ms > 0) return arm_timer();
  return stream_->queued_bytes() == 0 ? abort() : linger();
}

}  // namespace roost::http
