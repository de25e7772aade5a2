#include "proxy/exchange/front.h"

#include <utility>

#include "common/base/memory_scope.h"
#include "proxy/exchange/cache_status.h"
#include "proxy/exchange/problem.h"
#include "proxy/exchange/request_record.h"
#include "proxy/exchange/stored_answer.h"
#include "proxy/fetching/believed_origin.h"
#include "proxy/fetching/forwarded_head.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

using http::FieldId;

namespace {

constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

}  // namespace

Front::Front(Runtime& runtime, LoopContext& context)
    : runtime_(runtime),
      context_(context),
      admission_(runtime, context),
      exchange_context_({context, runtime.cache, runtime.fetches, runtime.budget}),
      late_records_(context.loop) {}

Front::~Front() {
  exchange_context_.exchanges.clear();
  exchange_context_.cache_fetches.clear();
}

void Front::on_request(http::Responder& responder, const http::RequestHead& head) {
  scheme_ = head.scheme;
  if (says_origin(head.fields) && context_.site().trusted.contains(responder.client())) {
    scheme_ = believed_scheme(head.fields, head.scheme);
    const bool by_host = context_.site().config.proxy.trust_forwarded_host;
    const std::string_view host = by_host ? believed_host(head.fields) : std::string_view();
    if (!host.empty()) {
      http::RequestHead believed = head;
      believed.authority = host;
      return take(responder, believed);
    }
  }
  take(responder, head);
}

void Front::take(http::Responder& responder, const http::RequestHead& head) {
  Plan plan;
  if (context_.access_log != nullptr) {
    plan.started_us = now_us();
    plan.origin = origin_of(responder, head);
  }
  if (head.fields.has(FieldId::via) && comes_back(head, context_.via_mark)) {
    return answer_problem(responder, head, {508, "The request has come back to the proxy that forwarded it.", "loop"},
                          plan);
  }
  plan.route = context_.site().routes.find(head.authority, head.path);
  if (plan.route == nullptr) {
    return answer_problem(responder, head, {404, "There is nothing at this address.", "no-route"}, plan);
  }
  if (context_.site().has_rates) {
    if (const auto refusal = admission_.over_rate(responder, head, *plan.route)) {
      return refuse(responder, head, *refusal, plan);
    }
  }
  if (head.method == http::Method::connect) {
    return answer_problem(responder, head, {501, "CONNECT is not supported.", "method"}, plan);
  }
  if (counts_hops(head.method) && answer_last_hop(responder, head, plan)) return;
  if (plan.route->cache) {
    const RequestRules rules = request_rules(head, plan.route->ignore_client_cache_control);
    if (answer_from_cache(responder, head, rules, plan)) return;
    if (rules.must_not_fetch) {
      return answer_problem(responder, head,
                            {504, "This is not in the cache, and only-if-cached was asked.", "only-if-cached"}, plan);
    }
  }
  if (const auto refusal = admission_.over_capacity()) return refuse(responder, head, *refusal, plan);
  if (plan.started_us == 0) plan.origin = origin_of(responder, head);
  const EssentialMemory essential;  // it is accepted
  exchange_context_.exchanges.take(exchange_context_).begin(responder, head, plan);
}

// Answers, or completes the plan for an exchange.
bool Front::answer_from_cache(http::Responder& responder, const http::RequestHead& head, const RequestRules& rules,
                              Plan& plan) {
  const int64_t now_ms = context_.loop.now_ms();
  key_.assign(scheme_, head.authority, head.target);
  const bool is_read = head.method == http::Method::get || head.method == http::Method::head;
  plan.reason = is_read ? ForwardReason::request : ForwardReason::method;
  if (is_read) {
    const auto stored = runtime_.cache.find(key_, head.fields, now_ms);
    note_changes(stored.get(), plan);
    const StoringRules& storing = plan.route->storing;
    if (!rules.may_use_stored) {
      key_.drop_variant();
    } else if (stored && is_withheld(stored->invented(), head.fields, storing)) {
      plan.detail = head.fields.has(FieldId::authorization) ? "authorization" : "cookie";
    } else if (stored) {
      const int64_t fresh_for_ms = stored->times().fresh_for_ms(now_ms);
      const bool young = rules.max_age_ms < 0 || stored->times().age_ms(now_ms) <= rules.max_age_ms;
      if (fresh_for_ms > rules.min_fresh_ms && young && !plan.revalidate) {
        answer_stored(responder, head, *stored, plan);
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

// Whether the resource was invalidated: since it was stored, or lately when nothing is stored.
void Front::note_changes(const StoredResponse* stored, Plan& plan) const {
  if (stored == nullptr) {
    plan.revalidate = runtime_.cache.changed_lately(key_, now_us());
    if (plan.revalidate) plan.changed_us = runtime_.cache.changed_at_us(key_);
  } else if (runtime_.cache.is_outdated(*stored)) {
    plan.revalidate = true;
    plan.changed_us = runtime_.cache.tags_changed_at_us(key_, stored->tags());
  }
}

// RFC 5861 §3: serves it stale and refreshes it in the background. Not what was invalidated, and not when the request
// says how fresh it has to be. The fetch begins first: the head is not valid once the response is sent.
bool Front::answer_while_revalidating(http::Responder& responder, const http::RequestHead& head,
                                      const RequestRules& rules, const StoredResponse& stored, Plan plan) {
  if (plan.revalidate || !stored.times().usable_while_revalidating(context_.loop.now_ms())) return false;
  if (rules.max_age_ms >= 0 || rules.min_fresh_ms > 0 || rules.must_not_fetch) return false;
  RequestRules refreshing = rules;
  refreshing.may_store = true;  // for a HEAD as well: the fetch is a GET
  plan_share(head, refreshing, plan);
  if (plan.share && stored.claim_refresh(context_.loop.now_ms())) {
    if (plan.started_us == 0) plan.origin = origin_of(responder, head);
    refresh(head, plan);
  }
  context_.counters.stale_while_fetched.add();
  answer_stored(responder, head, stored, plan);
  return true;
}

// Decides whether to fetch for the cache. `key_` is the key of the look-up.
void Front::plan_share(const http::RequestHead& head, const RequestRules& rules, Plan& plan) {
  plan.share = rules.may_store;
  if (plan.share) {
    const Credentials credentials = Credentials::of(head.fields);
    using Advice = UncacheableMarks::Advice;
    const Advice advice = runtime_.cache.marks().advise(key_, credentials, context_.loop.now_ms());
    plan.alone = advice == Advice::try_alone;
    // A fetch for the cache would be without the client's range or conditions.
    if (advice == Advice::pass || (plan.alone && has_range_or_condition(head))) {
      plan.share = false;
      plan.detail = "uncacheable";
    }
    if (credentials.authorization && !plan.route->storing.with_authorization) {
      plan.share = false;
      plan.detail = "authorization";
    }
    if (withholds_fields(head)) {
      plan.share = false;
      plan.detail = "connection";
    }
  }
  plan.key = &key_;
}

// Begins a background fetch, unless one is under way.
void Front::refresh(const http::RequestHead& head, const Plan& plan) {
  const EssentialMemory essential;
  FetchLock::Joined joined = runtime_.fetches.join(*plan.key, now_us(), plan.changed_us);
  if (!joined.leads) return;
  if (!refresh_request_) refresh_request_ = std::make_unique<KeptHead>();
  refresh_request_->keep_as_get(head, plan.origin);
  CacheFetch& fetch = exchange_context_.cache_fetches.take(exchange_context_.fetch, exchange_context_.cache_fetches);
  // A response that another fetch stored in the meantime is as good.
  static_cast<void>(
      fetch.begin({context_.loop_site, *plan.route, *plan.key, std::move(joined.fetch), true, plan.revalidate},
                  refresh_request_, nullptr));
}

void Front::answer_stored(http::Responder& responder, const http::RequestHead& head, const StoredResponse& stored,
                          const Plan& plan) {
  const int64_t now_ms = context_.loop.now_ms();
  const ResponseTimes times = stored.times();
  const HitFields hit(times.age_ms(now_ms), times.fresh_for_ms(now_ms), request_id_of(responder, head, plan));
  context_.counters.hit_age.observe_us(static_cast<uint64_t>(times.age_ms(now_ms)) * 1'000);
  const StoredAnswer answer(stored, head.fields, hit.view());
  responder.respond(answer.start, answer.body);
  record(responder, head, Outcome::hit, answer.start.status, plan);
}

// OPTIONS and TRACE that may not be forwarded any more (RFC 9110 §7.6.2). TRACE is not offered: it shows cookies to
// scripts.
bool Front::answer_last_hop(http::Responder& responder, const http::RequestHead& head, Plan& plan) {
  const MaxForwards most = max_forwards_of(head);
  if (most.kind == MaxForwards::Kind::none || most.number > 0) return false;
  if (most.kind == MaxForwards::Kind::malformed) {
    answer_problem(responder, head, {400, "Max-Forwards is not a number.", "max-forwards"}, plan);
    return true;
  }
  if (head.method == http::Method::trace) {
    answer_problem(responder, head, {405, "TRACE is not offered here.", "max-forwards", kMethods}, plan);
    return true;
  }
  if (plan.origin.request_id.empty()) plan.origin = origin_of(responder, head);
  http::FieldBlock fields{{"Allow", kMethods}, {"X-Request-Id", plan.origin.request_id}};
  fields.add("Date", context_.dates.at_unix_ms(context_.loop.unix_ms()));
  add_own_status("max-forwards", fields);
  responder.respond({.status = 200, .fields = fields, .more_fields = {}, .body = http::BodyLength::known(0)}, {});
  record(responder, head, Outcome::internal, 200, plan);
  return true;
}

void Front::answer_problem(http::Responder& responder, const http::RequestHead& head, const OwnError& error,
                           Plan& plan) {
  if (plan.origin.request_id.empty()) plan.origin = origin_of(responder, head);
  http::FieldBlock more;
  more.add("Date", context_.dates.at_unix_ms(context_.loop.unix_ms()));
  if (!error.allow.empty()) more.add("Allow", error.allow);
  add_own_status(error.word, more);
  Problem problem{error.status, error.sentence, plan.origin.request_id, {}, error.retry_after_s};
  problem.page = page_for(head.fields.value(FieldId::accept), context_.site().error_pages, error.status);
  respond_problem(responder, problem, more);
  record(responder, head, Outcome::internal, error.status, plan);
}

void Front::refuse(http::Responder& responder, const http::RequestHead& head, const Admission::Refusal& refusal,
                   Plan& plan) {
  answer_problem(responder, head, {refusal.status, refusal.sentence, refusal.word, {}, refusal.retry_after_s}, plan);
}

void Front::record(http::Responder& responder, const http::RequestHead& head, Outcome outcome, int status,
                   const Plan& plan) {
  if (context_.access_log == nullptr) return context_.counters.count(outcome, status);
  const EssentialMemory essential;
  AccessRecord record;
  record.client = plan.origin.client;
  record.request_id = plan.origin.request_id;
  record.method = head.method_text;
  record.target = head.target;
  record.status = status;
  record.bytes = responder.body_bytes_sent();
  record.outcome = outcome;
  if (record.bytes >= LateRecord::kLeastBytes) {
    LateRecord& late = late_records_.take(context_, late_records_);
    if (late.wait(responder, record, plan.started_us)) return;
  }
  write_record(context_, record, plan.started_us);
}

void Front::on_refused(http::Responder& responder, const http::RefusedRequest& refused) {
  context_.counters.refused.add();
  Origin origin;
  std::string_view accept;
  if (refused.head != nullptr) {
    scheme_ = refused.head->scheme;
    origin = origin_of(responder, *refused.head);
    accept = refused.head->fields.value(FieldId::accept);
  } else {
    client_ = responder.client().host();
    origin.client = client_;
    origin.request_id = context_.request_ids.next();
  }
  http::FieldBlock more;
  more.add("Date", context_.dates.at_unix_ms(context_.loop.unix_ms()));
  add_own_status("refused", more);
  const std::string_view page = page_for(accept, context_.site().error_pages, refused.status);
  const Failure failure{Side::client, Step::receive, std::string(refused.why)};
  AccessRecord record;
  record.client = origin.client;
  record.request_id = origin.request_id;
  record.method = refused.method;
  record.target = refused.target;
  record.status = refused.status;
  record.outcome = Outcome::refused;
  record.ending = Ending::refused;
  record.failure = &failure;
  respond_problem(responder, {refused.status, refused.why, origin.request_id, page}, more);
  record.bytes = responder.body_bytes_sent();
  write_record(context_, record, now_us());
}

// Of a hit. As cheap as it can be where the access log is off.
std::string_view Front::request_id_of(const http::Responder& responder, const http::RequestHead& head,
                                      const Plan& plan) {
  if (!plan.origin.request_id.empty()) return plan.origin.request_id;
  if (head.fields.has(FieldId::x_request_id)) {
    const bool trusted = context_.site().trusted.contains(responder.client());
    if (const std::string_view given = given_request_id(head, trusted); !given.empty()) return given;
  }
  return context_.request_ids.next();
}

// Before the request is answered: the responder may not be asked any more then.
Origin Front::origin_of(const http::Responder& responder, const http::RequestHead& head) {
  client_ = responder.client().host();
  const bool trusted = context_.site().trusted.contains(responder.client());
  std::string_view request_id = given_request_id(head, trusted);
  if (request_id.empty()) request_id = context_.request_ids.next();
  return {client_, scheme_, trusted, request_id, context_.via_mark};
}

}  // namespace roost::proxy
