#include "proxy/fetching/cache_fetch.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "common/base/check.h"
#include "proxy/cache/validation.h"
#include "proxy/fetching/fetch_pace.h"
#include "proxy/fetching/forwarded_head.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

using http::FieldId;

namespace {

constexpr int64_t kLongestAgeS = 1'000'000;  // older than any change that is remembered
// A fetch that nobody waits for any more is finished for the cache when this little is missing.
constexpr uint64_t kNearlyDoneBytes = 256 * 1024;

CallFailure answered_with(int status) {
  return {status, "the backend answered " + std::to_string(status), Side::backend, Step::head};
}

/// True if a cache on the way answered with a response from before a change of its tags that is known here.
bool is_outdated_on_arrival(const HttpCache& cache, const CacheKey& key, const http::ResponseHead& head,
                            int64_t called_us) {
  const auto tags = head.fields.combined(FieldId::cache_groups);
  if (!tags) return false;
  int64_t age_s = 0;
  const std::string_view age = head.fields.value(FieldId::age);
  std::from_chars(age.data(), age.data() + age.size(), age_s);
  const int64_t read_at_us = called_us - std::clamp<int64_t>(age_s, 0, kLongestAgeS) * 1'000'000;
  return cache.tags_changed_at_us(key, *tags) > read_at_us;
}

void forward_request(const KeptHead& kept, ForwardedRequest& request) {
  const http::RequestHead& head = kept.head();
  request.method.assign(head.method_text);
  request.target.assign(head.target);
  request.body = head.body;
  request.head_only = false;
  request.idempotent = http::is_idempotent(head.method);
  forward_request_fields(head, kept.origin(), ForwardPurpose::shared, request.fields);
}

bool is_nearly_done(const Fetch& fetch) {
  if (!fetch.head().length_known) return false;
  const uint64_t length = fetch.head().length;
  return length - std::min(length, fetch.bytes()) <= kNearlyDoneBytes;
}

FetchedHead fetched_head(const http::ResponseHead& head, const http::FieldBlock& fields, const Storing& storing,
                         const http::Fields& request_fields) {
  FetchedHead fetched;
  fetched.status = head.status;
  fetched.fields = fields;
  fetched.etag = head.fields.value(FieldId::etag);
  fetched.last_modified = head.fields.value(FieldId::last_modified);
  fetched.vary = head.fields.combined(FieldId::vary).value_or("");
  fetched.tags = head.fields.combined(FieldId::cache_groups).value_or("");
  fetched.times = storing.times;
  fetched.invented = storing.invented;
  append_variant(fetched.vary, request_fields, fetched.variant);
  fetched.length_known = head.body.kind != http::BodyLength::Kind::unknown;
  fetched.length = fetched.length_known ? head.body.bytes : 0;
  return fetched;
}

}  // namespace

CacheFetch::CacheFetch(FetchContext& context, Recycler<CacheFetch>& recycler)
    : context_(context),
      recycler_(recycler),
      call_(context.loop, *this),
      unused_timer_(net::Timer::of<&CacheFetch::cut_off>(context.loop.loop.timers(), this)) {}

CacheFetch::~CacheFetch() {
  if (fetch_) stop_sharing(FetchState::abandoned);
}

bool CacheFetch::is_move(State from, State to) {
  switch (from) {
    case State::idle:
      return to == State::validating || to == State::asking;
    case State::validating:
      return to == State::unconfirmed || to == State::storing || to == State::passing || to == State::draining ||
             to == State::idle;
    case State::unconfirmed:
      return to == State::asking || to == State::idle;
    case State::asking:
      return to == State::unconfirmed || to == State::storing || to == State::passing || to == State::draining ||
             to == State::idle;
    case State::storing:
      return to == State::outgrown || to == State::idle;
    case State::outgrown:
      return to == State::idle;
    case State::passing:
      return to == State::draining || to == State::idle;
    case State::draining:
      return to == State::idle;
  }
  return false;
}

void CacheFetch::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

// ---- beginning ------------------------------------------------------------------------------------------------------

cache::Ref<StoredResponse> CacheFetch::begin(const Order& order, std::unique_ptr<KeptHead>& request,
                                             FirstClient* first) {
  ROOST_CHECK(state_ == State::idle && !fetch_);
  key_ = order.key;
  fetch_ = order.fetch;
  revalidates_ = order.revalidate;
  if (order.use_stored) {
    const int64_t now_ms = context_.now_ms();
    stored_.look(context_.cache, key_, request->fields(), order.route.storing, now_ms);
    revalidates_ |= stored_.outdated();
    if (!revalidates_ && stored_.is_fresh(now_ms)) {
      cache::Ref<StoredResponse> found = stored_.response();
      stop_sharing(FetchState::abandoned);
      stored_.clear();
      recycler_.give_back(*this);
      return found;
    }
  }
  request_.swap(request);
  site_ = order.site;
  route_ = &order.route;
  first_ = first;
  use_stored_ = order.use_stored;
  asked_whole_ = first_has_left_ = false;
  unused_bytes_ = 0;
  head_us_ = -1;
  fetch_->lead(*this, context_.loop.loop);
  forward_request(*request_, call_.request());
  if (stored_.response() && can_validate(*stored_.response())) {
    set_state(State::validating);
    add_conditions(*stored_.response(), call_.request().fields);
  } else {
    set_state(State::asking);
  }
  ask();
  return {};
}

void CacheFetch::ask() {
  // A worker bypasses its own cache then. A client's no-cache is not forwarded (ForwardPurpose), so it means nothing
  // else.
  if (revalidates_) call_.request().fields.add("Cache-Control", "no-cache");
  called_ = {now_us(), context_.now_ms()};
  call_.open(*site_, *route_, std::hash<std::string_view>()(call_.request().target));
}

void CacheFetch::ask_whole() {
  if (asked_whole_) return on_call_failed({502, "the backend answered 304 to a request without conditions"});
  asked_whole_ = true;
  set_state(State::asking);
  forward_request(*request_, call_.request());
  ask();
}

// ---- the first client -----------------------------------------------------------------------------------------------

void CacheFetch::release() {
  first_ = nullptr;
  if (state_ == State::passing) set_state(State::draining);
}

void CacheFetch::leave() {
  first_ = nullptr;
  first_has_left_ = true;
  if (fetch_ && is_wanted()) return call_.resume();
  if (fetch_) stop_sharing(FetchState::abandoned);
  cut_off();
}

// ---- the backend ----------------------------------------------------------------------------------------------------

// An informational response is for the first client alone: whoever waits, or finds it in the cache, has the response
// itself soon enough.
void CacheFetch::on_answer_head(const http::ResponseHead& head) {
  if (head.status < 200) {
    if (first_ == nullptr) return;
    forward_informational_fields(head, answer_fields_);
    return first_->on_fetched_head({nullptr, head.status, {}, answer_fields_, {}, 0});
  }
  judge_head(head);
  if (state_ != State::draining || !head.body.has_body() || head.status == 304) return;
  if (head.body.is_known() && head.body.bytes > kMaxUnusedBytes) return cut_off();
  unused_timer_.start_ms(kMaxUnusedMs);
}

void CacheFetch::judge_head(const http::ResponseHead& head) {
  head_us_ = now_us() - called_.us;
  context_.loop.counters.backend_wait.observe_us(static_cast<uint64_t>(head_us_));
  if (!revalidates_ && is_outdated_on_arrival(context_.cache, key_, head, called_.us)) {
    revalidates_ = true;
    call_.abort();
    return ask();
  }
  if (head.status >= 500 && stored_.response()) stored_.response()->hold_refresh(context_.now_ms());
  if (stale_may_replace(head.status) && serve_stale(answered_with(head.status))) return set_state(State::draining);
  if (head.status != 304) return take_head(head, 0);
  if (state_ == State::validating && confirms(head, *stored_.response())) return take_validated(head);
  set_state(State::unconfirmed);  // it is about something else, or answers a question that was not asked (§4.3.4)
}

// What is stored is still right: as if the backend had sent it again.
void CacheFetch::take_validated(const http::ResponseHead& not_modified) {
  context_.loop.counters.validated.add();
  const cache::Ref<StoredResponse> unchanged = stored_.response();
  take_head(validated_head(*unchanged, not_modified), 304);
  for (const Slice& piece : unchanged->body()) {
    if (state_ == State::draining || state_ == State::idle) return;
    if (state_ == State::storing) {
      fetch_->append_stored(piece);  // the first client gets it at the end, which follows at once
    } else {
      on_answer_body(piece.view());
    }
  }
}

void CacheFetch::take_head(const http::ResponseHead& head, int forward_status) {
  const int64_t now_unix_ms = context_.now_unix_ms();
  forward_response_fields(head, context_.loop.dates.at_unix_ms(now_unix_ms), answer_fields_);
  const int64_t delay_ms = context_.now_ms() - called_.loop_ms;
  const Storing storing =
      judge_response(request_->head(), head, {context_.now_ms(), now_unix_ms, delay_ms}, route_->storing);
  const bool too_large = head.body.is_known() && head.body.bytes > context_.cache.max_object_bytes();
  if (storing.store && !too_large) return publish(head, storing, forward_status);
  refuse(head, too_large ? "too-large" : storing.reason, forward_status);
}

void CacheFetch::publish(const http::ResponseHead& head, const Storing& storing, int forward_status) {
  FetchedHead fetched = fetched_head(head, answer_fields_, storing, request_->fields());
  // It is as new as the request, or as much older as it says it was then.
  const int64_t age_when_asked_ms = storing.times.initial_age_ms - (context_.now_ms() - called_.loop_ms);
  fetched.right_at_us = called_.us - (revalidates_ ? 0 : age_when_asked_ms * 1'000);
  context_.cache.marks().forget(key_, Credentials::of(request_->fields()));
  set_state(State::storing);
  fetch_->publish_head(std::move(fetched));
  if (first_ == nullptr) return;
  const FetchedHead& shared = fetch_->head();
  first_->on_fetched_head({&shared, shared.status, head.body, shared.fields, {}, forward_status});
}

void CacheFetch::refuse(const http::ResponseHead& head, std::string_view reason, int forward_status) {
  purge_stale(head.status, reason);
  const RefusalScope scope = refusal_scope(head.status, reason);
  // A backend in trouble says nothing about the URL: the next clients may share the attempt.
  if (head.status < 500 && scope != RefusalScope::request) {
    context_.cache.marks().note(key_, Credentials::of(request_->fields()), context_.now_ms());
  }
  // What is about this request alone says nothing to those who wait: one of them asks with its own.
  stop_sharing(scope == RefusalScope::resource ? FetchState::uncacheable : FetchState::abandoned);
  if (first_ == nullptr) return set_state(State::draining);
  set_state(State::passing);
  if (head.fields.has(FieldId::age)) answer_fields_.add("Age", head.fields.value(FieldId::age));
  first_->on_fetched_head({nullptr, head.status, head.body, answer_fields_, reason, forward_status});
}

// Drops the stale response, of this variant alone, if the origin now says to anybody that there is none to be stored.
// Neither an error nor an answer to credentials says so.
void CacheFetch::purge_stale(int status, std::string_view reason) {
  if (!stored_.response() || reason == "set-cookie" || Credentials::of(request_->fields()).any()) return;
  const bool gone = status == 404 || status == 410;
  if (status < 400 || gone) context_.cache.drop(*stored_.response());
}

// Ends the fetch when what is stored may be used although it is stale (RFC 5861 §4); those who wait look for
// themselves. The call may go on; its response is not used.
bool CacheFetch::serve_stale(const CallFailure& failure) {
  if (!use_stored_) return false;
  const int64_t now_ms = context_.now_ms();
  stored_.look(context_.cache, key_, request_->fields(), route_->storing, now_ms);
  revalidates_ |= stored_.outdated();
  if (revalidates_ || !stored_.is_usable_on_error(now_ms)) return false;
  stop_sharing(FetchState::failed, failure.status);
  if (first_ != nullptr) std::exchange(first_, nullptr)->on_fetch_failed(failure, stored_.response());
  return true;
}

void CacheFetch::on_answer_body(std::string_view bytes) {
  switch (state_) {
    case State::storing:
    case State::outgrown:
      return share_body(bytes);
    case State::passing:
      if (!first_->on_fetched_body(bytes, 0, false)) call_.pause();
      return;
    case State::draining:
      unused_bytes_ += bytes.size();
      return unused_bytes_ > kMaxUnusedBytes ? cut_off() : void();
    default:
      return;  // of a 304, which has none
  }
}

void CacheFetch::share_body(std::string_view bytes) {
  const uint64_t before = fetch_->bytes();
  const uint64_t now = before + bytes.size();
  fetch_->append(bytes);
  const FetchedHead& head = fetch_->head();
  if (first_ != nullptr) first_->on_fetched_body(bytes, before, head.length_known && now == head.length);
  if (state_ == State::storing) {
    const uint64_t most = context_.cache.max_object_bytes();
    const std::string_view reason = why_not_keep(context_.budget, most, now, bytes.size());
    if (!reason.empty()) {
      set_state(State::outgrown);
      if (reason == kTooLarge) purge_stale(head.status, reason);
      context_.fetches.close(key_, *fetch_);
      fetch_->stop_keeping();
    }
  }
  if (!is_wanted()) {
    stop_sharing(FetchState::abandoned);
    return cut_off();
  }
  if (state_ == State::outgrown && !readers_keep_up(*fetch_, context_.budget)) call_.pause();
}

void CacheFetch::on_answer_end() {
  if (state_ == State::unconfirmed) return ask_whole();
  if (state_ == State::outgrown) fetch_->complete();
  if (state_ == State::storing) {
    const std::vector<BlockRef> body = fetch_->complete();
    const FetchedHead& head = fetch_->head();
    if (!fetch_->spoiled()) {
      context_.budget.settle();
      if (!context_.cache.insert(key_, request_->fields(), head, body)) purge_stale(head.status, "too-large");
      if (fetch_->spoiled()) context_.cache.purge(key_);  // a purge came in between
    }
    context_.fetches.close(key_, *fetch_);
  }
  fetch_ = {};
  if (first_ != nullptr) std::exchange(first_, nullptr)->on_fetched_end();
  finish();
}

void CacheFetch::on_call_failed(const CallFailure& failure) {
  const bool begun = state_ == State::storing || state_ == State::outgrown;
  if (fetch_) {
    if (stored_.response()) stored_.response()->hold_refresh(context_.now_ms());
    if (!begun && serve_stale(failure)) return finish();
    stop_sharing(begun ? FetchState::truncated : FetchState::failed, failure.status);
  }
  if (first_ != nullptr) std::exchange(first_, nullptr)->on_fetch_failed(failure, {});
  finish();
}

// ---- the end --------------------------------------------------------------------------------------------------------

// The key is free before anybody is told, so that whoever competes again finds it free.
void CacheFetch::stop_sharing(FetchState how, int status) {
  context_.fetches.close(key_, *fetch_);
  fetch_->end(how, status);
  fetch_ = {};
}

// By the first client, by others or by the cache. A fetch that was begun for a client that has left, and then went on
// for others that have left as well, is judged as it would have been when the first left.
bool CacheFetch::is_wanted() const {
  if (first_ != nullptr || fetch_->has_waiters()) return true;
  return state_ == State::storing && (!first_has_left_ || is_nearly_done(*fetch_));
}

void CacheFetch::cut_off() {
  call_.abort();
  finish();
}

void CacheFetch::finish() {
  ROOST_CHECK(!fetch_ && first_ == nullptr);
  unused_timer_.stop();
  stored_.clear();
  site_ = {};
  set_state(State::idle);
  recycler_.give_back(*this);
}

}  // namespace roost::proxy
