#include "api/pages.h"

#include <string>
#include <utility>

#include "api/web/assets.h"
#include "common/base/check.h"

namespace roost::api {
namespace {

/// Scripts and styles come from this host alone and never from within a page; nobody may frame it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Answer asset_answer(const Asset& asset, const Request& request) {
  Answer answer = public_answer(std::string(asset.content), asset.content_type, 0, request.if_none_match);
  answer.fields.add("X-Content-Type-Options", "nosniff");
  answer.fields.add("Referrer-Policy", "same-origin");
  answer.fields.add("Content-Security-Policy", kPolicy);
  return answer;
}

const Asset* find_asset(std::string_view path) {
  for (const Asset& asset : web_assets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

}  // namespace

void Pages::add_to(Routes& routes) {
  routes.add(http::Method::get, "/",
             [](Request& request, Reply reply) { show("/assets/index.html", request, std::move(reply)); });
  for (const Asset& asset : web_assets()) {
    if (asset.path.ends_with(".html")) continue;  // pages have addresses of their own
    routes.add(http::Method::get, asset.path,
               [&asset](Request& request, Reply reply) { reply.send(asset_answer(asset, request)); });
  }
  if (const Asset* icon = find_asset("/assets/icon.svg")) {
    routes.add(http::Method::get, "/favicon.ico",
               [icon](Request& request, Reply reply) { reply.send(asset_answer(*icon, request)); });
  }
}

void Pages::show(std::string_view path, const Request& request, Reply reply) {
  const Asset* asset = find_asset(path);
  ROOST_CHECK(asset != nullptr);
  Answer answer = asset_answer(*asset, request);
  if (request.path.starts_with("/logs")) answer.fields.add("Vary", "Accept");
  reply.send(std::move(answer));
}

}  // namespace roost::api
