#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "proxy/cache/freshness.h"
#include "proxy/exchange/cache_status.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

using http::BodyLength;

namespace {

/// Whether there is something that may serve although it is stale; `stored` has it then, as it has what is fresh by
/// now.
bool find_stale(FetchContext& context, const Plan& plan, const CacheKey& key, const http::Fields& request_fields,
                StoredLookup& stored) {
  stored.clear();
  if (plan.reason == ForwardReason::request || plan.revalidate) return false;
  const int64_t now_ms = context.now_ms();
  stored.look(context.cache, key, request_fields, plan.route->storing, now_ms);
  return stored.is_usable_on_error(now_ms);
}

}  // namespace

Exchange::Exchange(ExchangeContext& context)
    : context_(context),
      delivery_(context.fetch.loop.loop.timers(), *this),
      answers_(context_.fetch, delivery_, record_),
      pass_(context.fetch, delivery_, record_, *this),
      wait_timer_(net::Timer::of<&Exchange::on_wait_over>(context.fetch.loop.loop.timers(), this)) {}

bool Exchange::is_move(State from, State to) {
  switch (from) {
    case State::idle:
      return to == State::joining || to == State::passing;
    case State::joining:
      return to == State::leading || to == State::waiting || to == State::passing || to == State::idle;
    case State::leading:
      return to == State::following || to == State::idle;
    case State::waiting:
      return to == State::joining || to == State::following || to == State::passing || to == State::idle;
    case State::following:
      return to == State::idle;
    case State::passing:
      return to == State::finishing;
    case State::finishing:
      return to == State::idle;
  }
  return false;
}

void Exchange::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
  if (wait_timer_.active()) wait_timer_.stop();
}

// ---- beginning ------------------------------------------------------------------------------------------------------

void Exchange::begin(http::Responder& responder, const http::RequestHead& head, const Plan& plan) {
  ROOST_CHECK(state_ == State::idle);
  plan_ = plan;
  site_ = context_.fetch.loop.loop_site;
  key_.clear();
  if (plan.key != nullptr) key_ = *plan.key;
  plan_.key = plan.key != nullptr ? &key_ : nullptr;
  plan_.origin = {};  // its views end with this call
  fetches_left_ = 0;
  record_.begin(head, plan.origin, plan.started_us);
  delivery_.begin(responder);
  responder.attach(this);
  if (!plan.share && plan.reason != ForwardReason::stale) return pass(head, plan.origin);
  if (!request_) request_ = std::make_unique<KeptHead>();
  request_->keep(head, plan.origin);
  if (!plan.share) return pass(head, plan.origin);
  failed_fetches_.reset();
  set_state(State::joining);
  join();
}

void Exchange::join() {
  FetchLock::Joined joined = context_.fetch.fetches.join(key_, now_us(), plan_.changed_us);
  if (!joined.leads && plan_.alone) return pass_alone("uncacheable");
  fetch_ = std::move(joined.fetch);
  if (joined.leads) return lead();
  record_.set_outcome(Outcome::collapsed);
  set_state(State::waiting);
  const int64_t waited_ms = (now_us() - fetch_->begun_us()) / 1'000;  // by others
  wait_timer_.start_ms(std::max<int64_t>(plan_.route->call.shared_wait_ms - waited_ms, 0));
  fetch_->wait(*this, context_.fetch.loop.loop);
}

void Exchange::lead() {
  set_state(State::leading);
  if (plan_.reason == ForwardReason::stale) wait_timer_.start_ms(plan_.route->call.shared_wait_ms);
  record_.set_outcome(Outcome::miss);
  lead_ = &context_.cache_fetches.take(context_.fetch, context_.cache_fetches);
  const bool use_stored = plan_.reason != ForwardReason::request;
  const auto stored = lead_->begin({site_, *plan_.route, key_, fetch_, use_stored, plan_.revalidate}, request_, this);
  if (!stored) return;  // it may be over, so that this serves another request already
  lead_ = nullptr;
  fetch_ = {};
  answers_.fresh(*stored, request_->fields());
  settle();
}

// Instead of sharing a fetch.
void Exchange::pass_alone(std::string_view detail) {
  leave_fetch();
  plan_.detail = detail;
  pass(request_->head(), request_->origin());
}

// The head has not come in time. What is stale and may serve does; else another fetch is tried beside the slow one.
void Exchange::on_wait_over() {
  if (delivery_.state() != Delivery::State::waiting) return;
  const http::Fields& request_fields = lead_ != nullptr ? lead_->request().fields() : request_->fields();
  const bool stale = find_stale(context_.fetch, plan_, key_, request_fields, stored_);
  const bool fresh = stored_.is_fresh(context_.fetch.now_ms());
  if (stale || fresh) {
    if (lead_ != nullptr) {
      CacheFetch& fetch = *std::exchange(lead_, nullptr);
      record_.note_call(fetch.call(), fetch.head_us());
      fetch_ = {};
      fetch.release();
    }
    leave_fetch();
    fresh ? answers_.fresh(*stored_.response(), request_fields)
          : answers_.stale(*stored_.response(), request_fields, plan_.reason, 504);
    return settle();
  }
  if (lead_ != nullptr) return;
  const int64_t wait_ms = plan_.route->call.shared_wait_ms;
  const int64_t begun_before_us = now_us() - wait_ms * 1'000;
  FetchLock::Joined joined =
      context_.fetch.fetches.overtake(key_, *fetch_, now_us(), std::max(plan_.changed_us, begun_before_us));
  if (!joined.leads) return wait_timer_.start_ms(std::max<int64_t>(wait_ms / 8, 1));  // that one's may be stored soon
  leave_fetch();
  fetch_ = std::move(joined.fetch);
  set_state(State::joining);
  lead();
}

// The fetch waited for brought nothing: what is wanted may be stored by now, or another fetches it.
void Exchange::look_up_again() {
  set_state(State::joining);
  const int64_t now_ms = context_.fetch.now_ms();
  const Credentials credentials = Credentials::of(request_->fields());
  if (++fetches_left_ > kMaxFetchesLeft || context_.fetch.cache.marks().is_marked(key_, credentials, now_ms)) {
    return pass_alone("uncacheable");
  }
  key_.drop_variant();
  if (plan_.reason == ForwardReason::request) return join();
  stored_.look(context_.fetch.cache, key_, request_->fields(), plan_.route->storing, now_ms);
  if (stored_.outdated()) {
    plan_.revalidate = true;
    plan_.changed_us = stored_.changed_us();
  }
  if (plan_.revalidate || !stored_.is_fresh(now_ms)) return join();
  answers_.fresh(*stored_.response(), request_->fields());
  settle();
}

void Exchange::pass(const http::RequestHead& head, const Origin& origin) {
  set_state(State::passing);
  record_.set_outcome(Outcome::pass);
  pass_.begin(head, origin, plan_, *site_);
}

void Exchange::answer_failure(const CallFailure& failure) {
  record_.note_failure(failure.side, failure.step, failure.detail);
  if (!delivery_.head_sent() && !record_.has_backend() && !fetch_) record_.set_outcome(Outcome::internal);
  answers_.failure(failure, plan_.reason, site_->site().error_pages);
}

// ---- the client -----------------------------------------------------------------------------------------------------

void Exchange::on_request_body(std::string_view bytes) {
  if (!pass_.send_body(bytes)) delivery_.pause_request();
}

void Exchange::on_client_writable() {
  delivery_.client_writable();
  if (state_ == State::passing) return pass_.resume();
  if (fetch_) follow();
  if (lead_ != nullptr && delivery_.writable()) return lead_->resume();
  settle();
}

void Exchange::on_client_gone(const Error& error) {
  const EssentialMemory essential;
  if (error.code >= 400) {  // refused, and there to be told
    answer_failure({error.code, error.what, Side::client, Step::receive});
  } else {
    record_.note_failure(Side::client, delivery_.head_sent() ? Step::deliver : Step::head, error.what);
    delivery_.client_gone();
  }
  pass_.abort();
  if (lead_ != nullptr) std::exchange(lead_, nullptr)->leave();
  settle();
}

void Exchange::on_delivered(const Delivered& delivered) {
  if (lead_ != nullptr) record_.note_call(lead_->call(), lead_->head_us());
  if (state_ == State::passing) {
    record_.note_call(pass_.call(), pass_.head_us());
    set_state(State::finishing);
  }
  record_.finish(context_.fetch.loop, delivered);
}

// Done when the client has its answer and no call of its own is left. To be called last.
void Exchange::settle() {
  if (delivery_.active() || pass_.active()) return;
  ROOST_CHECK(lead_ == nullptr);
  leave_fetch();
  stored_.clear();
  site_ = {};
  set_state(State::idle);
  context_.exchanges.give_back(*this);
}

// ---- passing --------------------------------------------------------------------------------------------------------

// What is stale serves in place of the backend's error. Its head is kept where that may be.
bool Exchange::on_pass_status(int status) {
  if (plan_.reason != ForwardReason::stale || delivery_.state() != Delivery::State::waiting) return false;
  if (!find_stale(context_.fetch, plan_, key_, request_->fields(), stored_)) return false;
  record_.note_call(pass_.call(), pass_.head_us());
  pass_.abort();
  answers_.stale(*stored_.response(), request_->fields(), plan_.reason, status);
  settle();
  return true;
}

void Exchange::on_pass_failed(const CallFailure& failure) {
  if (on_pass_status(failure.status)) return;
  record_.note_call(pass_.call(), pass_.head_us());
  if (delivery_.active()) answer_failure(failure);
  settle();
}

// ---- leading --------------------------------------------------------------------------------------------------------

void Exchange::on_fetched_head(const FetchedAnswer& answer) {
  if (answer.status < 200) return delivery_.send_informational(answer.status, answer.fields);
  http::FieldBlock& more = delivery_.more_fields();
  more.add("X-Request-Id", record_.request_id());
  const int64_t age_ms = answer.shared != nullptr ? answer.shared->times.age_ms(context_.fetch.now_ms()) : 0;
  if (age_ms >= 1'000) more.add("Age", static_cast<uint64_t>(age_ms / 1'000));
  add_forward_status(plan_.reason, answer.shared != nullptr, /*collapsed=*/false, answer.reason, more,
                     answer.forward_status);
  delivery_.set_head({answer.status, answer.length, answer.fields});
  if (answer.shared == nullptr) {
    fetch_ = {};
    if (answer.length.has_body()) return delivery_.flush_soon();
    delivery_.end();
  } else {
    const bool not_modified = answer.status == 200 && is_not_modified(lead_->request().fields(), answer.shared->etag,
                                                                      answer.shared->last_modified);
    if (!not_modified) {
      ROOST_CHECK(delivery_.read_from(fetch_));  // none of it has been dropped
      return answer.length.has_body() ? delivery_.flush_soon() : void();
    }
    delivery_.respond_not_modified();
  }
  end_lead();
}

bool Exchange::on_fetched_body(std::string_view bytes, uint64_t offset, bool last) {
  if (fetch_) {
    if (delivery_.keeps_up(offset) && !last) delivery_.send_shared(bytes);
    return delivery_.keeps_up(offset + bytes.size());
  }
  delivery_.send_body(bytes);
  if (delivery_.active()) return delivery_.writable();
  end_lead();
  return true;
}

// The client has its answer before the fetch has ended.
void Exchange::end_lead() {
  std::exchange(lead_, nullptr)->release();
  settle();
}

void Exchange::on_fetched_end() {
  record_.note_call(lead_->call(), lead_->head_us());
  lead_ = nullptr;
  if (!fetch_) {
    delivery_.end();
  } else {
    set_state(State::following);
    follow();
  }
  settle();
}

void Exchange::on_fetch_failed(const CallFailure& failure, const cache::Ref<StoredResponse>& stale) {
  const CacheFetch& fetch = *std::exchange(lead_, nullptr);
  record_.note_failure(failure.side, failure.step, failure.detail);
  record_.note_call(fetch.call(), fetch.head_us());
  fetch_ = {};
  if (stale) {
    answers_.stale(*stale, fetch.request().fields(), plan_.reason, failure.status);
  } else {
    answer_failure(failure);
  }
  settle();
}

// ---- waiting and following ------------------------------------------------------------------------------------------

void Exchange::on_fetch_progress() {
  if (state_ == State::waiting && !begin_following()) return;
  follow();
  settle();
}

void Exchange::on_fetch_without_answer(const Fetch::Reading& reading) {
  leave_fetch();
  if (reading.state == FetchState::abandoned) return look_up_again();
  if (reading.state == FetchState::uncacheable) return pass_alone("uncacheable");
  if (find_stale(context_.fetch, plan_, key_, request_->fields(), stored_)) {
    answers_.stale(*stored_.response(), request_->fields(), plan_.reason, reading.failed_status);
    return settle();
  }
  switch (failed_fetches_.note(reading.failed_status, site_->budget(*plan_.route->pool))) {
    case FailedFetches::Then::join_again:
      return look_up_again();
    case FailedFetches::Then::ask_alone:
      return pass_alone({});
    case FailedFetches::Then::give_up:
      answer_failure({reading.failed_status, "the fetch that it waited for failed", Side::backend, Step::head});
      return settle();
  }
}

// False when it waits on, the fetch has nothing for it, or there is nothing more to send.
bool Exchange::begin_following() {
  const Fetch::Reading reading = fetch_->look();
  if (reading.state == FetchState::head_awaited) return false;
  const bool has_body = reading.state == FetchState::streaming || reading.state == FetchState::complete;
  if (reading.head == nullptr || !has_body) return on_fetch_without_answer(reading), false;
  const FetchedHead& head = *reading.head;
  if (is_withheld(head.invented, request_->fields(), plan_.route->storing)) {
    return pass_alone(request_->fields().has(http::FieldId::authorization) ? "authorization" : "cookie"), false;
  }
  std::string variant;
  append_variant(head.vary, request_->fields(), variant);
  if (variant != head.variant) {
    // Where a URL comes to vary by other fields, the variant's key may be that of a fetch that was left before, this
    // one even, which would be met again and again until it ends.
    if (++fetches_left_ > kMaxFetchesLeft) return pass_alone("uncacheable"), false;
    leave_fetch();
    set_state(State::joining);
    key_.set_variant(variant);
    return join(), false;
  }
  const bool not_modified = head.status == 200 && is_not_modified(request_->fields(), head.etag, head.last_modified);
  if (!not_modified) {
    if (reading.access == Fetch::Access::later) return false;
    if (!delivery_.read_from(fetch_)) return pass_alone("too-large"), false;
  }
  set_state(State::following);
  http::FieldBlock& more = delivery_.more_fields();
  more.add("X-Request-Id", record_.request_id());
  more.add("Age", static_cast<uint64_t>(head.times.age_ms(context_.fetch.now_ms()) / 1'000));
  add_forward_status(plan_.reason, /*stored=*/false, /*collapsed=*/true, {}, more);
  const BodyLength length = head.length_known ? BodyLength::known(head.length) : BodyLength::unknown();
  delivery_.set_head({head.status, length, head.fields});
  if (!not_modified) return true;
  delivery_.respond_not_modified();
  settle();
  return false;
}

void Exchange::follow() {
  Delivery::Followed followed = Delivery::Followed::more;
  run_refusable([&] { followed = delivery_.follow(); },
                [this] {
                  answer_failure({503, "out of memory", Side::internal, Step::deliver});
                });
  if (followed == Delivery::Followed::broken) {
    answer_failure({502, "the backend broke off its response", Side::backend, Step::body});
  }
}

void Exchange::leave_fetch() {
  if (!fetch_) return;
  fetch_->leave(*this);
  fetch_ = {};
}

}  // namespace roost::proxy
