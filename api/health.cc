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

void Health::add_to(Routes& routes) {
  using http::Method;
  routes.add(Method::get, "/healthz",
             [](Request&, Reply reply) { reply.send(uncached_json(200, R"({"status":"ok"})")); });
  routes.add(Method::get, "/readyz", [this](Request&, Reply reply) { ready(std::move(reply)); });
  routes.add(Method::get, "/metrics", [this](Request&, Reply reply) {
    Answer answer = uncached_json(200, metrics_.exposition());
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.send(std::move(answer));
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
