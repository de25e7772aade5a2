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
  add(router, "/healthz", [](Request&, Reply reply) { reply.send(uncached_json(200, R"({"status":"ok"})")); });
  add(router, "/readyz", [this](Request&, Reply reply) { ready(std::move(reply)); });
  add(router, "/metrics", [this](Request&, Reply reply) {
    reply.send(service::uncached_answer(200, service::kMetricsText, metrics_.exposition()));
  });
}

void Health::add(Router& router, std::string_view path, service::Action action) {
  router.add(http::Method::get, path, [this, act = std::move(action)](Request& request, Reply reply) {
    if (request.was_forwarded && !options_.forwarded) {
      return reply.send(problem(404, "There is nothing at this path for requests that come through a proxy."));
    }
    act(request, std::move(reply));
  });
}

void Health::ready(Reply reply) {
  if (draining_) return reply.send(not_ready("The worker is draining."));
  database_.ping([this, reply = std::move(reply)](Result<void> answered) mutable {
    if (!answered) return reply.send(not_ready("The database does not answer."));
    if (draining_) return reply.send(not_ready("The worker is draining."));
    // A journal that fails later is no reason to take the reads away from this worker.
    has_taken_likes_ = has_taken_likes_ || !options_.takes_likes || options_.takes_likes();
    if (!has_taken_likes_) return reply.send(not_ready("The worker does not take likes yet."));
    reply.send(uncached_json(200, R"({"status":"ready"})"));
  });
}

}  // namespace roost::api
