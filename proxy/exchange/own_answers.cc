#include "proxy/exchange/own_answers.h"

#include "proxy/exchange/error_page.h"
#include "proxy/exchange/stored_answer.h"

namespace roost::proxy {

namespace {

void observe_hit_age(LoopContext& context, int64_t age_ms) {
  context.counters.hit_age.observe_us(static_cast<uint64_t>(age_ms) * 1'000);
}

}  // namespace

void OwnAnswers::fresh(const StoredResponse& stored, const http::Fields& request_fields) {
  const int64_t now_ms = context_.now_ms();
  const ResponseTimes times = stored.times();
  observe_hit_age(context_.loop, times.age_ms(now_ms));
  record_.set_outcome(Outcome::hit);
  const HitFields hit(times.age_ms(now_ms), times.fresh_for_ms(now_ms), record_.request_id());
  const StoredAnswer answer(stored, request_fields, hit.view());
  delivery_.respond(answer.start, answer.body);
}

void OwnAnswers::stale(const StoredResponse& stored, const http::Fields& request_fields, ForwardReason reason,
                       int failed_status) {
  const int64_t age_ms = stored.times().age_ms(context_.now_ms());
  observe_hit_age(context_.loop, age_ms);
  context_.loop.counters.stale_on_error.add();
  record_.set_outcome(Outcome::hit);
  http::FieldBlock more;
  more.add("X-Request-Id", record_.request_id());
  more.add("Age", static_cast<uint64_t>(age_ms / 1'000));
  add_forward_status(reason, /*stored=*/false, /*collapsed=*/false, "stale-if-error", more, failed_status);
  const StoredAnswer answer(stored, request_fields, more);
  delivery_.respond(answer.start, answer.body);
}

void OwnAnswers::failure(const CallFailure& failure, ForwardReason reason, const ErrorPages& pages) {
  if (delivery_.head_sent()) return delivery_.abort();
  LoopContext& loop = context_.loop;
  http::FieldBlock more;
  more.add("Date", loop.dates.at_unix_ms(context_.now_unix_ms()));
  add_forward_status(reason, /*stored=*/false, record_.outcome() == Outcome::collapsed, {}, more);
  const std::string_view sentence =
      failure.side == Side::client ? std::string_view(failure.detail) : sentence_of_failure(failure.status);
  delivery_.respond_problem(
      {failure.status, sentence, record_.request_id(), page_for(record_.accept(), pages, failure.status)}, more);
}

}  // namespace roost::proxy
