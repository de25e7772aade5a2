#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <charconv>

#include "common/base/check.h"
#include "proxy/cache/tags.h"
#include "proxy/cache/validation.h"
#include "proxy/exchange/front.h"
#include "proxy/exchange/problem.h"

namespace roost::proxy {

using http::BodyLength;
using http::FieldId;

namespace {

constexpr int64_t kLongestAgeS = 1'000'000;  // what is older is older than any change there is

/// The length a response announces: for an answer to HEAD that of the body it does not have.
BodyLength announced_length(const http::ResponseHead& head, bool head_only) {
  if (!head_only) return head.body;
  const std::string_view text = head.fields.value(FieldId::content_length);
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  const bool told = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return told ? BodyLength::known(bytes) : BodyLength::unknown();
}

/// The statuses that a stale response may be used in place of (RFC 5861 §4).
bool is_failure(int status) {
  return status == 500 || (status >= 502 && status <= 504);
}

}  // namespace

Exchange::Exchange(Front& front)
    : front_(front),
      call_(front.context(), *this),
      flush_timer_(net::Timer::of<&Exchange::flush_head>(front.context().loop.timers(), this)),
      unused_timer_(net::Timer::of<&Exchange::cut_off>(front.context().loop.timers(), this)) {}

Exchange::~Exchange() {
  if (leads_) stop_sharing(FetchState::abandoned);
  leave_fetch();
}

void Exchange::set_state(State next) {
  ROOST_CHECK(next != State::answering || state_ == State::calling);
  ROOST_CHECK(next != State::alone || state_ == State::calling || state_ == State::answering);
  ROOST_CHECK(next != State::following || state_ == State::waiting || state_ == State::answering);
  ROOST_CHECK(state_ != State::alone || next == State::spare);
  ROOST_CHECK(state_ != State::following || next == State::spare);
  state_ = next;
}

// ---- beginning --------------------------------------------------------------------------------------------------

void Exchange::begin(http::Responder& responder, const http::RequestHead& head, const Plan& plan) {
  ROOST_CHECK(state_ == State::spare);
  responder_ = &responder;
  responder.attach(this);
  remember(responder.client(), head, plan);
  forward_fields(head, plan.share);
  if (plan.share) {
    kept_.keep(head);
    return join();
  }
  outcome_ = Outcome::pass;
  call_backend();
}

void Exchange::begin_refresh(const net::Address& client, const http::RequestHead& head, const Plan& plan) {
  ROOST_CHECK(state_ == State::spare && responder_ == nullptr && plan.share);
  kept_.keep_as_get(head);
  remember(client, kept_.head(), plan);
  forward_fields(kept_.head(), plan.share);
  join();
}

void Exchange::remember(const net::Address& client, const http::RequestHead& head, const Plan& plan) {
  route_ = plan.route;
  reason_ = plan.reason;
  method_ = head.method;
  detail_.assign(plan.detail);
  plan.key != nullptr ? void(key_ = *plan.key) : key_.clear();
  started_us_ = plan.started_us;
  backend_head_us_ = -1;
  status_ = 0;
  other_variants_ = 0;
  leads_ = too_large_ = head_sent_ = validates_ = asked_whole_ = client_left_ = false;
  revalidates_ = plan.revalidate;
  changed_us_ = plan.changed_us;
  client_writable_ = true;
  cursor_ = {};
  more_fields_.clear();
  client_ = client.host();
  trusted_ = front_.context().site().trusted.contains(client);
  request_id_.assign(request_id_of(head, trusted_, front_.context().random, request_id_storage_));
}

void Exchange::forward_fields(const http::RequestHead& head, bool share) {
  ForwardedRequest& request = call_.request();
  request.method.assign(head.method_text);
  request.target.assign(head.target);
  request.body = head.body;
  request.head_only = head.method == http::Method::head;
  request.idempotent = http::is_idempotent(head.method);
  ForwardPurpose purpose = share ? ForwardPurpose::shared : ForwardPurpose::single;
  if (!route_->cache || !http::is_safe(head.method)) purpose = ForwardPurpose::pass;
  forward_request_fields(head, {client_, "http", trusted_, request_id_}, purpose, request.fields);
}

void Exchange::call_backend() {
  set_state(State::calling);
  if (responder_ == nullptr) set_state(State::alone);
  if (leads_ && stored_ && can_validate(*stored_)) {
    add_conditions(*stored_, call_.request().fields);
    validates_ = true;
  }
  ask();
}

void Exchange::ask() {
  // The signal that a worker's own cache is passed by; a client's no-cache never gets this far (ForwardPurpose).
  if (revalidates_) call_.request().fields.add("Cache-Control", "no-cache");
  called_us_ = now_us();
  const uint64_t key_hash = std::hash<std::string_view>()(call_.request().target);
  call_.open(*route_->pool, key_hash);
}

// ---- the client ---------------------------------------------------------------------------------------------------

void Exchange::on_request_body(std::string_view bytes) {
  if (!call_.send_body(bytes) && responder_ != nullptr) responder_->pause_body();
}

void Exchange::on_request_end() {
  call_.end_body();
}

void Exchange::on_client_writable() {
  client_writable_ = true;
  if (fetch_ && head_sent_) return catch_up();
  call_.resume();
}

void Exchange::on_client_gone(const Error&) {
  flush_timer_.stop();
  client_done(/*complete=*/false);
  client_left_ = true;
  if (call_.active() && worth_finishing()) {
    set_state(State::alone);
    call_.resume();
    return;
  }
  call_.abort();
  if (leads_) stop_sharing(FetchState::abandoned);
  leave_fetch();
  settle();
}

http::ResponseStart Exchange::answer_start() const {
  http::ResponseStart start;
  start.status = status_;
  start.fields = answer_fields_;
  start.more_fields = more_fields_;
  start.body = answer_length_;
  return start;
}

// The head goes out with the first bytes of the body. Only when those do not come in the same read as the head is it
// sent alone.
void Exchange::flush_head() {
  if (responder_ == nullptr || head_sent_) return;
  head_sent_ = true;
  client_writable_ = responder_->send_head(answer_start());
}

void Exchange::answer_body(std::string_view bytes) {
  const Slice piece(bytes);
  if (head_sent_) {
    client_writable_ = responder_->send_body({&piece, 1});
    return;
  }
  flush_timer_.stop();
  head_sent_ = true;
  if (answer_length_.kind == BodyLength::Kind::known && answer_length_.bytes == bytes.size()) {
    responder_->respond(answer_start(), {&piece, 1});
    return client_done(/*complete=*/true);
  }
  client_writable_ = responder_->send_head(answer_start(), {&piece, 1});
}

void Exchange::answer_end() {
  flush_timer_.stop();
  // respond() would announce the length it sees, which is not that of the body a HEAD asks about.
  if (call_.request().head_only && answer_length_.kind == BodyLength::Kind::unknown) flush_head();
  if (head_sent_) {
    responder_->end();
  } else {
    head_sent_ = true;
    responder_->respond(answer_start(), {});
  }
  client_done(/*complete=*/true);
}

void Exchange::answer_problem(int status, std::string_view detail) {
  flush_timer_.stop();
  status_ = status;
  if (call_.backend() == nullptr && !fetch_) outcome_ = Outcome::internal;
  http::FieldBlock more;
  more.add("Date", front_.context().dates.at_unix_ms(front_.context().loop.unix_ms()));
  add_forward_status(reason_, /*stored=*/false, outcome_ == Outcome::collapsed, {}, more);
  respond_problem(*responder_, status, detail, more);
  client_done(/*complete=*/true);
}

void Exchange::abort_answer() {
  flush_timer_.stop();
  responder_->abort();
  client_done(/*complete=*/false);
}

void Exchange::client_done(bool complete) {
  http::Responder& responder = *std::exchange(responder_, nullptr);
  if (!front_.wants_times()) return front_.context().counters.count(outcome_, status_);
  AccessRecord record;
  record.unix_ms = front_.context().loop.unix_ms();
  record.client = client_;
  record.request_id = request_id_;
  record.method = call_.request().method;
  record.target = call_.request().target;
  record.status = status_;
  record.bytes = complete ? responder.bytes_sent() : 0;
  record.outcome = outcome_;
  if (call_.backend() != nullptr && outcome_ != Outcome::collapsed) record.backend = call_.backend()->name();
  record.retries = record.backend.empty() ? 0 : call_.retries();
  record.total_us = now_us() - started_us_;
  record.backend_head_us = backend_head_us_;
  record.complete = complete;
  front_.record(record);
}

/// Over, when both sides are. To be called last.
void Exchange::settle() {
  if (responder_ != nullptr || call_.active()) return;
  ROOST_CHECK(!leads_);
  unused_timer_.stop();
  leave_fetch();
  stored_ = {};
  set_state(State::spare);
  front_.recycle(*this);
}

// ---- the backend --------------------------------------------------------------------------------------------------

void Exchange::on_answer_head(const http::ResponseHead& head) {
  judge_head(head);
  if (call_.active() && unused()) leave_rest(head);
}

void Exchange::judge_head(const http::ResponseHead& head) {
  const int64_t waited_us = now_us() - called_us_;
  backend_head_us_ = waited_us;
  front_.context().counters.backend_wait.observe_us(static_cast<uint64_t>(waited_us));
  if (leads_ && !revalidates_ && outdated_on_arrival(head)) {
    revalidates_ = true;
    call_.abort();
    return ask();
  }
  if (leads_ && head.status >= 500) hold_refresh();
  if (leads_ && is_failure(head.status) && answer_stale(head.status)) return;
  if (leads_ && head.status == 304) return take_not_modified(head);
  validates_ = false;
  take_head(head);
}

// What is stored and could not be fetched anew is not tried again at once. Before the fetch is closed: who comes next
// knows it.
void Exchange::hold_refresh() {
  if (stored_) stored_->hold_refresh(front_.context().loop.unix_ms());
}

// Whether it was read, by a cache on the way, before a change of its tags that is known here: then it is asked for once
// more, past all caches.
bool Exchange::outdated_on_arrival(const http::ResponseHead& head) const {
  const auto tags = head.fields.combined(FieldId::cache_groups);
  if (!tags) return false;
  int64_t age_s = 0;
  const std::string_view age = head.fields.value(FieldId::age);
  std::from_chars(age.data(), age.data() + age.size(), age_s);
  const int64_t read_at_us = called_us_ - std::clamp<int64_t>(age_s, 0, kLongestAgeS) * 1'000'000;
  return front_.shared().cache.tags_changed_at_us(key_, *tags) > read_at_us;
}

// The head that is passed on: the backend's, or that of what it has found unchanged.
void Exchange::take_head(const http::ResponseHead& head) {
  status_ = head.status;
  answer_length_ = announced_length(head, call_.request().head_only);
  const std::string_view date = front_.context().dates.at_unix_ms(front_.context().loop.unix_ms());
  forward_response_fields(head, date, answer_fields_);
  if (state_ == State::calling) set_state(State::answering);
  more_fields_.add("X-Request-Id", request_id_);
  if (leads_) {
    lead_head(head);
  } else {
    if (!http::is_safe(method_)) invalidate(head);
    if (head.fields.has(FieldId::age)) more_fields_.add("Age", head.fields.value(FieldId::age));
    add_forward_status(reason_, /*stored=*/false, /*collapsed=*/false, detail_, more_fields_);
  }
  if (responder_ == nullptr) return;
  const bool bodiless = !head.body.has_body() || call_.request().head_only;
  if (bodiless && leads_) return;  // to be stored before it is answered, in on_answer_end
  if (bodiless) return answer_end();
  flush_timer_.start_ms(0);
}

// RFC 9111 §4.4: what an unsafe request changed is not what is stored any more. Nor are the groups that the answer
// names (RFC 9875 §3).
void Exchange::invalidate(const http::ResponseHead& head) {
  if (head.status < 200 || head.status >= 400 || key_.empty()) return;
  front_.shared().fetches.spoil(key_);  // first, so that a fetch that ends meanwhile is either told or purged
  front_.shared().cache.purge(key_);
  front_.shared().cache.note_change(key_, now_us());
  const auto groups = head.fields.combined(FieldId::cache_group_invalidation);
  if (!groups) return;
  for_each_tag(*groups,
               [&](std::string_view tag) { front_.shared().cache.revalidate_tag(key_.origin(), tag, now_us()); });
}

// The client has been answered or is gone, and what comes is not for the cache.
void Exchange::leave_rest(const http::ResponseHead& head) {
  if (!head.body.has_body() || call_.request().head_only || head.status == 304) return;
  if (head.body.kind == BodyLength::Kind::known && head.body.bytes > kMaxUnusedBytes) return cut_off();
  unused_bytes_ = 0;
  unused_timer_.start_ms(kMaxUnusedMs);
}

void Exchange::cut_off() {
  call_.abort();
  settle();
}

void Exchange::on_answer_body(std::string_view bytes) {
  if (leads_) return share_body(bytes);
  if (responder_ == nullptr) {
    unused_bytes_ += bytes.size();
    return unused_bytes_ > kMaxUnusedBytes ? cut_off() : void();
  }
  answer_body(bytes);
  if (responder_ != nullptr && !client_writable_) call_.pause();
}

void Exchange::on_answer_end() {
  if (leads_ && status_ == 0) return ask_whole();
  if (leads_) share_end();
  if (responder_ != nullptr && state_ == State::answering) answer_end();
  settle();
}

void Exchange::on_call_writable() {
  if (responder_ != nullptr) responder_->resume_body();
}

void Exchange::on_call_failed(const CallFailure& failure) {
  if (leads_) {
    hold_refresh();
    const bool begun = state_ == State::answering || (state_ == State::alone && status_ != 0);
    if (!begun && answer_stale(failure.status)) return settle();
    stop_sharing(begun ? FetchState::truncated : FetchState::failed, failure.status);
  }
  if (responder_ != nullptr) head_sent_ ? abort_answer() : answer_problem(failure.status, failure.detail);
  settle();
}

}  // namespace roost::proxy
