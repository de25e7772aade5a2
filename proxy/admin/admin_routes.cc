#include "proxy/admin/admin_routes.h"

#include <utility>

#include <fmt/format.h>

#include "proxy/admin/status.h"
#include "proxy/cache/tags.h"

namespace roost::proxy {

using service::Answer;
using service::problem;
using service::Reply;
using service::Request;

namespace {

Answer counted(std::string_view what, size_t count) {
  return service::uncached_json(200, fmt::format("{{\"{}\":{}}}\n", what, count));
}

Answer no_url(std::string_view parameter) {
  return problem(400, fmt::format("{} is not of the form http(s)://host/path", parameter), parameter);
}

}  // namespace

AdminRoutes::AdminRoutes(net::EventLoop& loop, Parts parts)
    : loop_(loop), parts_(std::move(parts)), started_ms_(loop.now_ms()) {}

void AdminRoutes::add_to(service::Router& router) {
  using http::Method;
  router.add(Method::get, "/healthz",
             [](Request&, Reply reply) { reply.send(service::uncached_answer(200, "text/plain", "ok\n")); });
  router.add(Method::get, "/status", [this](Request&, Reply reply) { show_status(std::move(reply)); });
  router.add(Method::get, "/metrics", [this](Request&, Reply reply) {
    reply.send(service::uncached_answer(200, service::kMetricsText, parts_.metrics.exposition()));
  });
  router.add(Method::post, "/purge", [this](Request& request, Reply reply) { purge(request, std::move(reply)); });
  router.add_for_any_path(Method::purge,
                          [this](Request& request, Reply reply) { purge_this(request, std::move(reply)); });
}

void AdminRoutes::answer_not_found(Request&, Reply reply) {
  reply.send(problem(404, "the admin listener has /status, /metrics, /healthz and POST /purge"));
}

void AdminRoutes::show_status(Reply reply) {
  reply.send(service::uncached_json(200, status_json(parts_.pools(), parts_.cache, parts_.fetches,
                                                     RequestTotals::of(parts_.metrics), loop_.now_ms() - started_ms_)));
}

// Fetches first: see HttpCache on the order.
size_t AdminRoutes::purge_url(const CacheKey& key) {
  parts_.fetches.spoil(key);
  return parts_.cache.purge(key) ? 1 : 0;
}

void AdminRoutes::purge_this(const Request& request, Reply reply) {
  CacheKey key;
  key.assign("http", request.authority, request.target());
  reply.send(counted("purged", purge_url(key)));
}

void AdminRoutes::purge(const Request& request, Reply reply) {
  const auto query = service::QueryString::parse(request.query_text, /*plus_is_space=*/false);
  if (!query) return reply.send(problem(400, "the query has a malformed escape, or too many parameters"));
  const std::string_view url = query->value("url");
  const std::string_view prefix = query->value("prefix");
  const std::string_view tag = query->value("tag");
  const std::string_view tags = query->value("tags");
  CacheKey key;
  if (!url.empty()) {
    if (!key.assign_url(url)) return reply.send(no_url("url"));
    return reply.send(counted("purged", purge_url(key)));
  }
  if (!prefix.empty()) {
    if (!key.assign_url(prefix)) return reply.send(no_url("prefix"));
    parts_.fetches.spoil_prefix(key);
    return reply.send(counted("purged", parts_.cache.purge_prefix(key)));
  }
  const bool soft = query->value("soft") == "1";
  if (!tag.empty()) return reply.send(purge_tags(fmt::format("\"{}\"", tag), soft));
  if (!tags.empty()) return reply.send(purge_tags(tags, soft));
  reply.send(problem(400, "say what to purge: ?url=, ?prefix=, ?tag= or ?tags="));
}

Answer AdminRoutes::purge_tags(std::string_view tags, bool soft) {
  size_t named = 0;
  size_t dropped = 0;
  for_each_tag(tags, [&](std::string_view tag) {
    ++named;
    if (soft) return parts_.cache.revalidate_tag({}, tag, parts_.now_us());
    parts_.fetches.spoil_tag(tag);
    dropped += parts_.cache.purge_tag(tag);
  });
  return soft ? counted("tags_to_revalidate", named) : counted("purged", dropped);
}

}  // namespace roost::proxy
