#include "api/health.h"

#include <utility>

namespace roost::api {
namespace {

Answer not_ready(std::string_view why) {
  Answer answer = problem(503, why);
  answer.fields.add("Retry-After", "1");
  return answer;
}

}  // namespace

void Health::add_to(Router& router) {
  using http::Method;
  router.add(Method::get, "/healthz",
             [](Request&, Reply reply) { reply.send(uncached_json(200, R"({"status":"ok"})")); });
  router.add(Method::get, "/readyz", [this](Request&, Reply reply) { ready(std::move(reply)); });
  router.add(Method::get, "/metrics", [this](Request&, Reply reply) {
    reply.send(service::uncached_answer(200, service::kMetricsText, metrics_.exposition()));
  });
}

void Health::ready(Reply reply) {
  if (draining_) return reply.send(not_ready("The worker is draining."));
  database_.ping([this, reply = std::move(reply)](Result<void> answered) mutable {
    if (!answered) return reply.send(not_ready("The database does not answer."));
    if (draining_) return reply.send(not_ready("The worker is draining."));
    reply.send(uncached_json(200, R"({"status":"ready"})"));
  });
}

}  // namespace roost::api
