#include "proxy/exchange/delivery.h"

#include <array>
#include <utility>

#include "common/base/check.h"

namespace roost::proxy {

using http::BodyLength;

bool Delivery::is_move(State from, State to) {
  switch (from) {
    case State::idle:
      return to == State::waiting;
    case State::waiting:
      return to == State::ready || to == State::idle;
    case State::ready:
      return to == State::sending || to == State::idle;
    case State::sending:
      return to == State::idle;
  }
  return false;
}

void Delivery::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

void Delivery::begin(http::Responder& responder) {
  set_state(State::waiting);
  responder_ = &responder;
  writable_ = true;
  head_.status = 0;
  more_fields_.clear();
}

void Delivery::pause_request() {
  if (responder_ != nullptr) responder_->pause_body();
}

void Delivery::resume_request() {
  if (responder_ != nullptr) responder_->resume_body();
}

void Delivery::respond(const http::ResponseStart& start, std::span<const Slice> body) {
  ROOST_CHECK(state_ == State::waiting || state_ == State::ready);
  head_.status = start.status;
  responder_->respond(start, body);
  finish(Ending::complete);
}

void Delivery::respond_problem(const Problem& problem, http::FieldBlockView more_fields) {
  ROOST_CHECK(state_ == State::waiting || state_ == State::ready);
  head_.status = problem.status;
  proxy::respond_problem(*responder_, problem, more_fields);
  finish(Ending::complete);
}

void Delivery::send_informational(int status, http::FieldBlockView fields) {
  if (state_ == State::waiting)
    responder_->send_head({.status = status, .fields = fields, .more_fields = {}, .body = {}});
}

void Delivery::set_head(const Head& head) {
  set_state(State::ready);
  head_ = head;
}

void Delivery::respond_not_modified() {
  ROOST_CHECK(state_ == State::ready);
  head_.status = 304;
  head_.length = BodyLength::none();
  respond(start(), {});
}

http::ResponseStart Delivery::start() const {
  http::ResponseStart start;
  start.status = head_.status;
  start.fields = head_.fields;
  start.more_fields = more_fields_;
  start.body = head_.length;
  return start;
}

void Delivery::flush() {
  if (state_ != State::ready) return;
  set_state(State::sending);
  writable_ = responder_->send_head(start());
}

void Delivery::send_body(std::string_view bytes) {
  const Slice piece(bytes);
  if (state_ == State::sending) {
    writable_ = responder_->send_body({&piece, 1});
    return;
  }
  if (head_.length.is_known() && head_.length.bytes == bytes.size()) return respond(start(), {&piece, 1});
  flush_timer_.stop();
  set_state(State::sending);
  writable_ = responder_->send_head(start(), {&piece, 1});
}

void Delivery::end() {
  // respond() would announce the length it sees, which is not that of the body a HEAD asks about.
  if (head_.head_only && head_.length.kind == BodyLength::Kind::unknown) flush();
  if (state_ == State::ready) return respond(start(), {});
  responder_->end();
  finish(Ending::complete);
}

void Delivery::abort() {
  responder_->abort();
  finish(Ending::broken_off);
}

void Delivery::client_gone() {
  finish(Ending::client_gone);
}

void Delivery::finish(Ending ending) {
  flush_timer_.stop();
  cursor_.stop();
  fetch_ = {};
  pieces_.clear();
  set_state(State::idle);
  const http::Responder& responder = *std::exchange(responder_, nullptr);
  owner_.on_delivered({head_.status, responder.body_bytes_sent(), ending});
}

// ---- from a Fetch ---------------------------------------------------------------------------------------------------

bool Delivery::read_from(FetchRef fetch) {
  ROOST_CHECK(active() && !fetch_);
  if (!fetch->begin_reading(cursor_)) return false;
  fetch_ = std::move(fetch);
  return true;
}

void Delivery::send_shared(std::string_view bytes) {
  fetch_->skip(cursor_, bytes.size());
  send_body(bytes);
}

Delivery::Followed Delivery::follow() {
  Followed followed = Followed::more;
  while (active() && writable_) {
    pieces_.clear();
    const Fetch::Reading reading = fetch_->read(cursor_, pieces_, kPiecesPerRead);
    if (pieces_.empty()) {
      followed = end_of(reading);
      break;
    }
    send_pieces(reading);
  }
  pieces_.clear();
  return active() ? followed : Followed::ended;
}

void Delivery::send_pieces(const Fetch::Reading& reading) {
  std::array<Slice, kPiecesPerRead> slices;
  for (size_t i = 0; i < pieces_.size(); ++i) slices[i] = Slice(pieces_[i]);
  const std::span<const Slice> body(slices.data(), pieces_.size());
  if (state_ == State::sending) {
    writable_ = responder_->send_body(body);
    return;
  }
  const bool whole = reading.state == FetchState::complete && reading.head->length_known;
  if (whole && cursor_.offset() == reading.head->length) return respond(start(), body);
  flush_timer_.stop();
  set_state(State::sending);
  writable_ = responder_->send_head(start(), body);
}

// There is nothing behind the cursor: is that the end?
Delivery::Followed Delivery::end_of(const Fetch::Reading& reading) {
  if (reading.state == FetchState::complete) {
    end();
    return Followed::ended;
  }
  if (reading.state != FetchState::streaming) return Followed::broken;
  flush();
  return Followed::more;
}

}  // namespace roost::proxy
