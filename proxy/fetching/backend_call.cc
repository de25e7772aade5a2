#include "proxy/fetching/backend_call.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "common/http/forwarded_for.h"
#include "proxy/limits/address_key.h"

namespace roost::proxy {

using http::BodyLength;
using http::Progress;

namespace {

Step step_of(const FailedAttempt& failed, bool request_ended) {
  if (failed.response_begun) return Step::body;
  if (failed.progress == Progress::not_connected) return Step::connect;
  return failed.progress == Progress::head_received || request_ended ? Step::head : Step::send;
}

// Of whom a request is, read back from the fields that are forwarded, since few requests wait.
uint64_t client_key(const http::FieldBlock& fields, const net::NetworkSet& trusted) {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::x_forwarded_for) continue;
    const auto client = http::client_in(field.value, trusted);
    return client ? address_key(*client) : 0;
  }
  return 0;
}

}  // namespace

bool BackendCall::is_move(State from, State to) {
  switch (from) {
    case State::closed:
      return to == State::gathering || to == State::queued || to == State::attempting;
    case State::gathering:
      return to == State::queued || to == State::attempting || to == State::closed;
    case State::queued:
      return to == State::queued || to == State::attempting || to == State::closed;
    case State::attempting:
      return to == State::queued || to == State::attempting || to == State::answering || to == State::closed;
    case State::answering:
      return to == State::closed;
  }
  return false;
}

void BackendCall::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

void BackendCall::open(LoopSite& site, const Route& route, uint64_t key_hash) {
  ROOST_CHECK(state_ == State::closed);
  site_ = &site;
  route_ = &route;
  key_hash_ = key_hash;
  backend_ = nullptr;
  tried_ = {};
  attempts_ = repeats_ = 0;
  reuse_ = ConnectionPool::Reuse::allowed;
  sender_waits_ = false;
  body_.begin(request_.body, route.call.gather, *site.site().spool);
  site.budget(*route.pool).earn();
  if (route.call.whole_ms > 0) whole_timer_.start_ms(route.call.whole_ms);
  if (body_.ended()) return attempt();
  set_state(State::gathering);
}

bool BackendCall::send_body(std::string_view bytes) {
  if (state_ == State::closed) return true;
  // Nothing of it was sent: it may go elsewhere, however long it is.
  const bool unseen = stream_ == nullptr || !stream_->connected();
  if (body_.held() && !unseen && !body_.fits(bytes.size()) && give_body()) body_.let_go();
  if (!body_.held()) {
    const Slice piece(bytes);
    sender_waits_ = !stream_->send_body({&piece, 1});
    return !sender_waits_;
  }
  if (const auto kept = body_.append(bytes); !kept) {
    fail({503, kept.error().what, Side::internal, Step::choose});
  } else if (state_ == State::gathering) {
    if (!body_.is_gathered()) attempt();
  } else {
    sender_waits_ = unseen ? !body_.fits(0) : !give_body();
  }
  return state_ == State::closed || !sender_waits_;
}

void BackendCall::end_body() {
  if (state_ == State::closed || body_.ended()) return;
  body_.set_ended();
  if (state_ == State::gathering) return attempt();
  if (stream_ != nullptr && stream_->connected()) give_body();
}

// `called`: by the queue. Others do not pass those who wait.
void BackendCall::attempt(bool called) {
  const EssentialMemory essential;
  Pool& pool = *route_->pool;
  const bool others_wait = !called && pool.somebody_waits();
  if (!lease_ && !others_wait) {
    const bool repeatable = request_.idempotent && route_->call.retry_on.ejected && body_.held() && body_.ended();
    lease_ = pool.choose(context_.random, key_hash_, tried_, repeatable);
  }
  if (!lease_) {
    if (pool.may_wait(tried_)) return wait_for_turn(called);
    if (attempts_ > 0) return;  // none is left: on_exchange_failed reports the failure it knows
    return fail({503, "no backend of pool \"" + pool.name() + "\" is available", Side::backend, Step::choose});
  }
  queue_timer_.stop();
  backend_ = lease_.get();
  if (attempts_++ > 0) context_.counters.retries.add();
  set_state(State::attempting);
  begin_stream();
}

void BackendCall::wait_for_turn(bool called) {
  Pool& pool = *route_->pool;
  if (called) {
    pool.queue().enter_in_front(*this, context_.loop);
  } else if (!pool.queue().enter(*this, context_.loop, client_key(request_.fields, site_->site().trusted))) {
    return fail(
        {503, "too many requests wait for a backend of pool \"" + pool.name() + "\"", Side::backend, Step::choose});
  }
  set_state(State::queued);
  if (!queue_timer_.active()) {
    queued_until_ms_ = context_.loop.now_ms() + pool.queue_limits().wait_ms;
    queue_timer_.start_ms(std::min(pool.queue_limits().wait_ms, kLookAgainMs));
  }
  if (pool.has_room(tried_)) pool.queue().wake_next();
}

// Backends that other pools have as well, or had before a reload, are given back without a word to this queue.
void BackendCall::on_queue_timer() {
  Pool& pool = *route_->pool;
  const int64_t left_ms = queued_until_ms_ - context_.loop.now_ms();
  if (left_ms > 0) {
    if (pool.has_room(tried_)) pool.queue().wake_next();
    return queue_timer_.start_ms(std::min(left_ms, kLookAgainMs));
  }
  fail({503, fmt::format("no backend of pool \"{}\" was free within {} ms", pool.name(), pool.queue_limits().wait_ms),
        Side::backend, Step::choose});
}

void BackendCall::give_back_lease() {
  if (!lease_) return;
  lease_.release();
  if (route_->pool->queue_limits().max_active > 0) route_->pool->queue().wake_next();
}

void BackendCall::begin_stream() {
  http::RequestStart start;
  start.method = request_.method;
  start.target = request_.target;
  start.fields = request_.fields;
  start.body = body_.length();
  start.head_only = request_.head_only;
  start.timeouts = &route_->call.timeouts;
  body_.rewind();
  Slice body;
  if (!body_.all_given()) body = Slice(*body_.next_piece());  // from memory
  const auto begun = site_->connections_to(*backend_).begin(start, {&body, body.size > 0 ? 1U : 0U}, this, reuse_);
  stream_ = &begun.stream;
  stream_reused_ = begun.reused;
  if (stream_->connected() && (sender_waits_ || !body_.all_given())) return on_backend_writable();
  if (body_.all_given() && body_.ended() && body_.tells_end()) stream_->end_body();
}

// What is held of the body, and its end. False: the backend does not take more for now, or the call is over.
bool BackendCall::give_body() {
  bool go_on = true;
  while (go_on && body_.held() && !body_.all_given()) {
    const auto piece = body_.next_piece();
    if (!piece) return fail({503, piece.error().what, Side::internal, Step::send}), false;
    const Slice slice(*piece);
    go_on = stream_->send_body({&slice, 1});
  }
  if ((!body_.held() || body_.all_given()) && body_.ended() && body_.tells_end()) stream_->end_body();
  return go_on;
}

void BackendCall::pause() {
  if (stream_ != nullptr) stream_->pause();
}

void BackendCall::resume() {
  if (stream_ != nullptr) stream_->resume();
}

void BackendCall::abort() {
  whole_timer_.stop();
  queue_timer_.stop();
  if (state_ == State::queued) route_->pool->queue().leave(*this);
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->cancel();
  if (state_ != State::closed) set_state(State::closed);  // already closed where open() found no backend
  give_back_lease();
}

void BackendCall::fail(CallFailure failure) {
  const EssentialMemory essential;
  abort();
  receiver_.on_call_failed(failure);
}

void BackendCall::on_whole_timeout() {
  fail({504, fmt::format("the response was not whole within {} ms", route_->call.whole_ms), Side::backend,
        state_ == State::answering ? Step::body : Step::head});
}

void BackendCall::on_response_head(const http::ResponseHead& head) {
  const EssentialMemory essential;
  route_->pool->note_status(lease_, head.status, {context_.loop.now_ms(), key_hash_});
  if (head.status >= RetryOn::kLeastStatus && ask_another(head.status)) return;
  set_state(State::answering);
  receiver_.on_answer_head(head);
}

void BackendCall::on_response_body(std::string_view bytes) {
  receiver_.on_answer_body(bytes);
}

void BackendCall::on_response_end() {
  const EssentialMemory essential;
  stream_ = nullptr;
  route_->pool->note_answered(lease_);
  abort();
  receiver_.on_answer_end();
}

void BackendCall::on_backend_writable() {
  if (!give_body()) return;
  if (body_.held() && !body_.fits(0)) body_.let_go();
  if (std::exchange(sender_waits_, false)) receiver_.on_call_writable();
}

FailedAttempt BackendCall::failed_attempt(Progress progress) const {
  FailedAttempt failed;
  failed.progress = progress;
  failed.idempotent = request_.idempotent;
  failed.body_replayable = body_.held() && (body_.fits(0) || !may_have_executed(progress));
  failed.response_begun = state_ == State::answering;
  failed.attempts = attempts_;
  failed.repeats = repeats_;
  return failed;
}

// True: another backend is asked in place of the one that gave this status. Without another its answer is passed on.
bool BackendCall::ask_another(int status) {
  FailedAttempt failed = failed_attempt(Progress::head_received);
  failed.status = status;
  failed.distrusted = route_->pool->is_failure(status) && lease_.distrusted();
  if (judge_retry(failed, route_->call.retry_on) == Again::no) return false;
  TriedBackends tried = tried_;
  tried.add(*backend_);
  BackendLease another = route_->pool->choose(context_.random, key_hash_, tried);
  if (!another || another->out_of_use() != 0 || !site_->budget(*route_->pool).spend()) return false;
  route_->pool->note_answered(lease_);
  ++repeats_;
  tried_ = tried;
  std::exchange(stream_, nullptr)->cancel();
  give_back_lease();
  lease_ = std::move(another);
  attempt();
  return true;
}

void BackendCall::note_failure(const Error& error, Progress progress) {
  route_->pool->note_failed(lease_, error, progress, stream_reused_, {context_.loop.now_ms(), key_hash_});
  if (may_have_executed(progress)) {
    backend_->statistics().failures.fetch_add(1, std::memory_order_relaxed);
    ++repeats_;
  }
  if (stream_reused_ && error.code != ETIMEDOUT) {
    // The connection was closed while idle, or just now. That may say nothing about a new connection to the same
    // backend; but a process that is killed closes its connections before its listener, so that a new one may still be
    // accepted and then reset: another backend goes first.
    reuse_ = ConnectionPool::Reuse::never;
    tried_.avoid(*backend_);
  } else if (error.side == Side::internal) {
    tried_.avoid(*backend_);  // not its fault
  } else {
    tried_.add(*backend_);
  }
}

void BackendCall::on_exchange_failed(const Error& error, Progress progress) {
  const EssentialMemory essential;
  FailedAttempt failed = failed_attempt(progress);
  failed.timed_out = error.code == ETIMEDOUT;
  stream_ = nullptr;
  note_failure(error, progress);
  failed.distrusted = lease_.distrusted();
  give_back_lease();
  if (may_retry(failed, route_->call.retry_on, site_->budget(*route_->pool))) {
    attempt();
    if (lease_ || state_ == State::queued || state_ == State::closed) return;
  }
  // 504 after a time-out, 502 when the connection could not be made or broke (RFC 9110 §15.6); 503 when this machine
  // lacks something.
  const int status = failed.timed_out ? 504 : error.side == Side::internal ? 503 : 502;
  fail({status, error.what, error.side, step_of(failed, body_.ended())});
}

}  // namespace roost::proxy
