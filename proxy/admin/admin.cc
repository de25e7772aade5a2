#include "proxy/admin/admin.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/http/date.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/tags.h"
#include "proxy/exchange/problem.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

using nlohmann::ordered_json;

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    if (escape && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

ordered_json backend_json(const PoolMember& member) {
  const Backend& backend = *member.backend;
  ordered_json addresses = ordered_json::array();
  for (const net::Address& address : *backend.addresses()) addresses.push_back(address.to_string());
  const Backend::Statistics& totals = backend.statistics();
  return {{"name", backend.name()},
          {"state", backend_state_name(backend.state())},
          {"addresses", addresses},
          {"weight", member.weight},
          {"active", backend.active()},
          {"idle_connections", totals.idle_connections.load(std::memory_order_relaxed)},
          {"requests", totals.requests.load(std::memory_order_relaxed)},
          {"connections", totals.connections.load(std::memory_order_relaxed)},
          {"connect_failures", totals.connect_failures.load(std::memory_order_relaxed)},
          {"failures", totals.failures.load(std::memory_order_relaxed)}};
}

ordered_json cache_json(const HttpCache& cache) {
  const cache::StoreStats stats = cache.stats();
  return {{"entries", stats.entries},
          {"bytes", stats.bytes},
          {"limit_bytes", cache.limit_bytes()},
          {"hits", stats.hits},
          {"misses", stats.misses},
          {"insertions", stats.insertions},
          {"evictions", stats.evictions},
          {"expirations", stats.expirations},
          {"erasures", stats.erasures},
          {"refusals", stats.refusals}};
}

}  // namespace

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != std::string_view::npos) {
      return percent_decoded(pair.substr(equals + 1));
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

std::string Admin::status_json(const Runtime& runtime, int64_t uptime_ms) {
  ordered_json pools = ordered_json::array();
  for (const auto& pool : runtime.site->pools) {
    ordered_json backends = ordered_json::array();
    for (const PoolMember& member : pool->members()) backends.push_back(backend_json(member));
    pools.push_back({{"name", pool->name()}, {"balance", pool->policy_name()}, {"backends", backends}});
  }
  const ordered_json document = {{"version", ROOST_VERSION},
                                 {"uptime_ms", uptime_ms},
                                 {"pools", pools},
                                 {"cache", cache_json(runtime.cache)},
                                 {"fetches_under_way", runtime.fetches.size()}};
  return document.dump(2) + "\n";
}

Admin::Admin(net::EventLoop& loop, Runtime& runtime)
    : loop_(loop),
      runtime_(runtime),
      started_ms_(loop.now_ms()),
      server_(std::make_unique<http::Server>(loop, limits_, *this)) {}

Result<std::unique_ptr<Admin>> Admin::listen(net::EventLoop& loop, const net::Address& address, Runtime& runtime) {
  std::unique_ptr<Admin> admin(new Admin(loop, runtime));
  auto listener = net::TcpListener::listen(
      loop, address, {}, [self = admin.get()](net::StreamPtr stream) { self->server_->adopt(std::move(stream)); });
  if (!listener) return tl::unexpected(listener.error());
  admin->listener_ = std::move(*listener);
  return admin;
}

void Admin::respond(http::Responder& responder, int status, std::string_view type, const std::string& body) {
  http::FieldBlock fields;
  fields.add("Content-Type", type);
  fields.add("Cache-Control", "no-store");
  fields.add("Date", dates_.at_unix_ms(loop_.unix_ms()));
  const Slice piece{std::string_view(body)};
  responder.respond(
      {.status = status, .fields = fields, .more_fields = {}, .body = http::BodyLength::known(body.size())},
      {&piece, 1});
}

void Admin::on_request(http::Responder& responder, const http::RequestHead& head) {
  const bool reads = head.method == http::Method::get || head.method == http::Method::head;
  if (head.method == http::Method::purge || (head.method == http::Method::post && head.path == "/purge")) {
    return purge(responder, head);
  }
  if (reads && head.path == "/healthz") return respond(responder, 200, "text/plain", "ok\n");
  if (reads && head.path == "/status") {
    return respond(responder, 200, "application/json", status_json(runtime_, loop_.now_ms() - started_ms_));
  }
  if (reads && head.path == "/metrics") {
    return respond(responder, 200, "text/plain; version=0.0.4; charset=utf-8", runtime_.metrics.exposition());
  }
  respond_problem(responder, 404, "the admin listener has /status, /metrics, /healthz and POST /purge", {});
}

// ?tag= or ?tags=a,b: with soft=1 what bears one is asked for anew before it is used again, else it is dropped.
void Admin::purge_tags(http::Responder& responder, const std::string& tags, bool soft) {
  size_t named = 0;
  size_t dropped = 0;
  for_each_tag(tags, [&](std::string_view tag) {
    ++named;
    if (soft) return runtime_.cache.revalidate_tag({}, tag, now_us());
    runtime_.fetches.spoil_tag(tag);
    dropped += runtime_.cache.purge_tag(tag);
  });
  const std::string_view what = soft ? "tags_to_revalidate" : "purged";
  respond(responder, 200, "application/json", fmt::format("{{\"{}\":{}}}\n", what, soft ? named : dropped));
}

void Admin::purge(http::Responder& responder, const http::RequestHead& head) {
  const std::string url = query_value(head.query, "url");
  const std::string prefix = query_value(head.query, "prefix");
  const std::string tag = query_value(head.query, "tag");
  const std::string tags = query_value(head.query, "tags");
  CacheKey key;
  size_t dropped = 0;
  if (head.method == http::Method::purge) {
    key.assign(head);
    runtime_.fetches.spoil(key);
    dropped = runtime_.cache.purge(key) ? 1 : 0;
  } else if (!url.empty()) {
    if (!key.assign_url(url)) return respond_problem(responder, 400, "url is not of the form http(s)://host/path", {});
    runtime_.fetches.spoil(key);
    dropped = runtime_.cache.purge(key) ? 1 : 0;
  } else if (!prefix.empty()) {
    if (!key.assign_url(prefix)) {
      return respond_problem(responder, 400, "prefix is not of the form http(s)://host/path", {});
    }
    runtime_.fetches.spoil_prefix(key);
    dropped = runtime_.cache.purge_prefix(key);
  } else if (!tag.empty() || !tags.empty()) {
    return purge_tags(responder, tag.empty() ? tags : '"' + tag + '"', query_value(head.query, "soft") == "1");
  } else {
    return respond_problem(responder, 400, "say what to drop: ?url=, ?prefix=, ?tag= or ?tags=", {});
  }
  respond(responder, 200, "application/json", fmt::format("{{\"purged\":{}}}\n", dropped));
}

}  // namespace roost::proxy
