#include "proxy/fetching/backend_call.h"

#include <cerrno>
#include <utility>

#include "common/base/check.h"

namespace roost::proxy {

using http::BodyLength;
using http::Progress;

namespace {

Step step_of(const FailedAttempt& failed, bool request_ended) {
  if (failed.response_begun) return Step::body;
  if (failed.progress == Progress::not_connected) return Step::connect;
  return failed.progress == Progress::head_received || request_ended ? Step::head : Step::send;
}

}  // namespace

bool BackendCall::is_move(State from, State to) {
  switch (from) {
    case State::closed:
      return to == State::gathering || to == State::attempting;
    case State::gathering:
      return to == State::attempting || to == State::closed;
    case State::attempting:
      return to == State::attempting || to == State::answering || to == State::closed;
    case State::answering:
      return to == State::closed;
  }
  return false;
}

void BackendCall::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

// Not gathered first: too long for that, or of unknown length, where the client may wait for the response to go on.
bool BackendCall::body_streams() const {
  return request_.body.kind != BodyLength::Kind::known || request_.body.bytes > kMaxHeldBodyBytes;
}

void BackendCall::open(LoopSite& site, Pool& pool, uint64_t key_hash) {
  ROOST_CHECK(state_ == State::closed);
  site_ = &site;
  pool_ = &pool;
  key_hash_ = key_hash;
  backend_ = nullptr;
  tried_ = {};
  held_body_.clear();
  attempts_ = repeats_ = 0;
  reuse_ = ConnectionPool::Reuse::allowed;
  body_held_ = true;
  body_ended_ = !request_.body.has_body();
  site.budget(pool).earn();
  if (body_ended_) return attempt();
  set_state(State::gathering);
}

bool BackendCall::send_body(std::string_view bytes) {
  if (state_ == State::closed) return true;
  if (body_held_ && held_body_.size() + bytes.size() > kMaxHeldBodyBytes) {
    // Too long to keep: what was gathered goes out first, then this piece.
    if (state_ == State::gathering) attempt();
    if (state_ == State::closed) return true;
    body_held_ = false;
    held_body_ = std::string();
  }
  if (body_held_) held_body_.append(bytes);
  if (state_ == State::gathering) {
    if (body_streams()) attempt();
    return true;
  }
  const Slice piece(bytes);
  return stream_->send_body({&piece, 1});
}

void BackendCall::end_body() {
  if (state_ == State::closed || body_ended_) return;
  body_ended_ = true;
  if (state_ == State::gathering) return attempt();
  stream_->end_body();
}

void BackendCall::attempt() {
  lease_ = pool_->choose(context_.random, key_hash_, tried_);
  if (!lease_) {
    if (attempts_ > 0) return;  // none is left: on_exchange_failed reports the failure it knows
    return fail({503, "no backend of pool \"" + pool_->name() + "\" is available", Side::backend, Step::choose});
  }
  backend_ = lease_.get();
  if (attempts_++ > 0) context_.counters.retries.add();
  set_state(State::attempting);
  begin_stream();
}

void BackendCall::begin_stream() {
  http::RequestStart start;
  start.method = request_.method;
  start.target = request_.target;
  start.fields = request_.fields;
  start.body = request_.body;
  start.head_only = request_.head_only;
  const Slice body{std::string_view(held_body_)};
  const auto begun = site_->connections_to(*backend_).begin(start, {&body, body.size > 0 ? 1U : 0U}, this, reuse_);
  stream_ = &begun.stream;
  stream_reused_ = begun.reused;
  if (body_ended_ && body_streams() && request_.body.has_body()) stream_->end_body();
}

void BackendCall::pause() {
  if (stream_ != nullptr) stream_->pause();
}

void BackendCall::resume() {
  if (stream_ != nullptr) stream_->resume();
}

void BackendCall::abort() {
  if (state_ == State::closed) return;
  set_state(State::closed);
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->cancel();
  lease_.release();
}

void BackendCall::fail(CallFailure failure) {
  if (state_ != State::closed) set_state(State::closed);  // already closed where open() found no backend
  lease_.release();
  receiver_.on_call_failed(failure);
}

void BackendCall::on_response_head(const http::ResponseHead& head) {
  pool_->note_status(lease_, head.status, {context_.loop.now_ms(), key_hash_});
  set_state(State::answering);
  receiver_.on_answer_head(head);
}

void BackendCall::on_response_body(std::string_view bytes) {
  receiver_.on_answer_body(bytes);
}

void BackendCall::on_response_end() {
  set_state(State::closed);
  stream_ = nullptr;
  pool_->note_answered(lease_);
  lease_.release();
  receiver_.on_answer_end();
}

void BackendCall::on_backend_writable() {
  receiver_.on_call_writable();
}

void BackendCall::note_failure(const Error& error, Progress progress) {
  pool_->note_failed(lease_, error, progress, stream_reused_, {context_.loop.now_ms(), key_hash_});
  if (may_have_executed(progress)) {
    backend_->statistics().failures.fetch_add(1, std::memory_order_relaxed);
    ++repeats_;
  }
  if (stream_reused_) {
    // The connection was closed while idle, or just now. That may say nothing about a new connection to the same
    // backend; but a process that is killed closes its connections before its listener, so that a new one may still be
    // accepted and then reset: another backend goes first.
    reuse_ = ConnectionPool::Reuse::never;
    tried_.avoid(*backend_);
  } else if (error.side == Side::internal) {
    tried_.avoid(*backend_);  // not its fault
  } else if (progress != Progress::not_connected || backend_->down()) {
    tried_.add(*backend_);
  }  // else another of its addresses may take a connection
}

void BackendCall::on_exchange_failed(const Error& error, Progress progress) {
  FailedAttempt failed;
  failed.progress = progress;
  failed.idempotent = request_.idempotent;
  failed.body_replayable = body_held_;
  failed.timed_out = error.code == ETIMEDOUT;
  failed.response_begun = state_ == State::answering;
  failed.attempts = attempts_;
  failed.repeats = repeats_;
  stream_ = nullptr;
  note_failure(error, progress);
  lease_.release();
  if (may_retry(failed, site_->budget(*pool_))) {
    attempt();
    if (lease_ || state_ == State::closed) return;
  }
  // 504 after a time-out, 502 when the connection could not be made or broke (RFC 9110 §15.6); 503 when this machine
  // lacks something.
  const int status = failed.timed_out ? 504 : error.side == Side::internal ? 503 : 502;
  fail({status, error.what, error.side, step_of(failed, body_ended_)});
}

}  // namespace roost::proxy
