#include "proxy/exchange/front.h"

#include <chrono>

#include "proxy/exchange/forwarded_head.h"
#include "proxy/exchange/problem.h"

namespace roost::proxy {

using http::FieldId;

int64_t now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

Front::~Front() {
  while (Exchange* exchange = active_.pop_front()) delete exchange;
}

void Front::on_request(http::Responder& responder, const http::RequestHead& head) {
  Plan plan;
  if (wants_times()) {
    // The responder may not be asked for these any more once it has answered.
    plan.started_us = now_us();
    client_ = responder.client().host();
    client_trusted_ = context_.site().trusted.contains(responder.client());
  }
  plan.route = context_.site().routes.find(head.authority, head.path);
  if (plan.route == nullptr) return answer_itself(responder, head, 404, "no route for this path", plan.started_us);
  if (head.method == http::Method::connect) {
    return answer_itself(responder, head, 501, "CONNECT is not supported", plan.started_us);
  }
  if (plan.route->cache) {
    const RequestRules rules = request_rules(head, plan.route->ignore_client_cache_control);
    if (answer_from_cache(responder, head, rules, plan)) return;
    if (rules.must_not_fetch) {
      return answer_itself(responder, head, 504, "not in the cache, and only-if-cached was asked", plan.started_us);
    }
  }
  take_exchange().begin(responder, head, plan);
}

// Answers, or fills in the plan for who fetches.
bool Front::answer_from_cache(http::Responder& responder, const http::RequestHead& head, const RequestRules& rules,
                              Plan& plan) {
  const int64_t now_unix_ms = context_.loop.unix_ms();
  key_.assign(head);
  plan.reason = http::is_safe(head.method) ? ForwardReason::request : ForwardReason::method;
  if (head.method == http::Method::get || head.method == http::Method::head) {
    const auto stored = shared_.cache.find(key_, head.fields, now_unix_ms);
    note_changes(stored.get(), plan);
    if (!rules.may_use_stored) {
      key_.drop_variant();
    } else if (stored) {
      const int64_t fresh_for_ms = stored->times().fresh_for_ms(now_unix_ms);
      const bool young = rules.max_age_ms < 0 || stored->times().age_ms(now_unix_ms) <= rules.max_age_ms;
      if (fresh_for_ms > rules.min_fresh_ms && young && !plan.revalidate) {
        answer_stored(responder, head, *stored, plan.started_us);
        return true;
      }
      const bool stale = fresh_for_ms <= 0 || plan.revalidate;
      plan.reason = stale ? ForwardReason::stale : ForwardReason::request;
      if (stale && answer_while_revalidating(responder, head, rules, *stored, plan)) return true;
    } else {
      plan.reason = key_.is_variant() ? ForwardReason::vary_miss : ForwardReason::uri_miss;
    }
  }
  plan_share(head, rules, plan);
  return false;
}

// Whether what is asked for is known to have changed: since it was stored, or lately when nothing is.
void Front::note_changes(const StoredResponse* stored, Plan& plan) const {
  if (stored == nullptr) {
    plan.revalidate = shared_.cache.changed_lately(key_, now_us());
    if (plan.revalidate) plan.changed_us = shared_.cache.changed_at_us(key_);
  } else if (shared_.cache.is_outdated(*stored)) {
    plan.revalidate = true;
    plan.changed_us = shared_.cache.tags_changed_at_us(key_, stored->tags());
  }
}

// RFC 5861 §3: stale now, and fetched anew for the next. Not what is known to have changed, and not for those who said
// how fresh they want it. The fetch begins first: once the answer is out, the head is gone.
bool Front::answer_while_revalidating(http::Responder& responder, const http::RequestHead& head,
                                      const RequestRules& rules, const StoredResponse& stored, Plan plan) {
  if (plan.revalidate || !stored.times().usable_while_revalidating(context_.loop.unix_ms())) return false;
  if (rules.max_age_ms >= 0 || rules.min_fresh_ms > 0 || rules.must_not_fetch) return false;
  RequestRules refreshing = rules;
  refreshing.may_store = true;  // a HEAD as well: what is fetched is what it is answered from, by GET
  plan_share(head, refreshing, plan);
  if (plan.share && stored.claim_refresh(context_.loop.unix_ms())) {
    take_exchange().begin_refresh(responder.client(), head, plan);
  }
  context_.counters.stale_while_fetched.add();
  answer_stored(responder, head, stored, plan.started_us);
  return true;
}

// What to fetch under, and whether for the cache. `key_` holds the key found by.
void Front::plan_share(const http::RequestHead& head, const RequestRules& rules, Plan& plan) {
  plan.share = rules.may_store;
  if (plan.share) {
    const bool authorized = head.fields.has(FieldId::authorization);
    if (shared_.cache.is_known_uncacheable(key_, authorized, context_.loop.unix_ms())) {
      plan.share = false;
      plan.detail = "uncacheable";
    }
    if (withholds_fields(head)) {
      plan.share = false;
      plan.detail = "connection";
    }
  }
  plan.key = &key_;
}

void Front::answer_stored(http::Responder& responder, const http::RequestHead& head, const StoredResponse& stored,
                          int64_t started_us) {
  const int64_t now_unix_ms = context_.loop.unix_ms();
  const HitFields hit(stored.times().age_ms(now_unix_ms), stored.times().fresh_for_ms(now_unix_ms));
  context_.counters.hit_age.observe_us(static_cast<uint64_t>(stored.times().age_ms(now_unix_ms)) * 1'000);
  const bool conditional = head.fields.has(FieldId::if_none_match) || head.fields.has(FieldId::if_modified_since);
  http::ResponseStart start;
  start.fields = stored.fields();
  start.more_fields = hit.view();
  if (conditional && stored.status() == 200 && is_not_modified(head.fields, stored.etag(), stored.last_modified())) {
    start.status = 304;
    responder.respond(start, {});
  } else {
    start.status = stored.status();
    start.body = http::BodyLength::known(stored.body_bytes());
    responder.respond(start, stored.body());
  }
  record_own(responder, head, Outcome::hit, start.status, started_us);
}

void Front::answer_itself(http::Responder& responder, const http::RequestHead& head, int status,
                          std::string_view detail, int64_t started_us) {
  http::FieldBlock more;
  more.add("Date", context_.dates.at_unix_ms(context_.loop.unix_ms()));
  respond_problem(responder, status, detail, more);
  record_own(responder, head, Outcome::internal, status, started_us);
}

void Front::record_own(http::Responder& responder, const http::RequestHead& head, Outcome outcome, int status,
                       int64_t started_us) {
  if (!wants_times()) return context_.counters.count(outcome, status);
  AccessRecord record;
  std::string storage;
  record.unix_ms = context_.loop.unix_ms();
  record.client = client_;
  record.request_id = request_id_of(head, client_trusted_, context_.random, storage);
  record.method = head.method_text;
  record.target = head.target;
  record.status = status;
  record.bytes = responder.bytes_sent();
  record.outcome = outcome;
  record.total_us = now_us() - started_us;
  this->record(record);
}

void Front::record(const AccessRecord& record) {
  context_.counters.count(record.outcome, record.status);
  if (context_.access_log != nullptr && !context_.access_log->write(record)) context_.counters.log_drops.add();
}

void Front::on_refused(const net::Address& client, int status, const Error&) {
  context_.counters.refused.add();
  if (!wants_times()) return;
  const std::string host = client.host();
  AccessRecord record;
  record.unix_ms = context_.loop.unix_ms();
  record.client = host;
  record.status = status;
  this->record(record);
}

Exchange& Front::take_exchange() {
  std::unique_ptr<Exchange> exchange;
  if (spare_.empty()) {
    exchange = std::make_unique<Exchange>(*this);
  } else {
    exchange = std::move(spare_.back());
    spare_.pop_back();
  }
  active_.push_back(*exchange);
  ++active_count_;
  return *exchange.release();  // the list's until it is recycled
}

void Front::recycle(Exchange& exchange) {
  static_cast<ListLink<>&>(exchange).unlink();
  --active_count_;
  std::unique_ptr<Exchange> owned(&exchange);
  if (spare_.size() < kMaxSpare) {
    spare_.push_back(std::move(owned));
  } else {
    // A frame of it may still be on the stack, on its way out.
    struct Retired final : net::Retirable {
      explicit Retired(std::unique_ptr<Exchange> held) : exchange(std::move(held)) {}
      std::unique_ptr<Exchange> exchange;
    };
    context_.loop.retire(std::make_unique<Retired>(std::move(owned)));
  }
}

}  // namespace roost::proxy
