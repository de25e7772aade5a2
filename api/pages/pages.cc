#include "api/pages/pages.h"

#include <string>
#include <utility>

#include "api/pages/assets.h"
#include "common/base/check.h"

namespace roost::api {
namespace {

/// Scripts and styles come from this host alone and never from within a page; nobody may frame it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Where the views live; the table in api/pages/app.js has the same ones.
constexpr std::string_view kAddresses[] = {"/",          "/tweets/{id}", "/people", "/people/{username}", "/following",
                                           "/followers", "/search",      "/login",  "/register"};

void add_policy(Answer& answer) {
  answer.fields.add("Referrer-Policy", "same-origin");
  answer.fields.add("Content-Security-Policy", kPolicy);
}

Answer file_answer(const Asset& asset, const Request& request) {
  const bool own_version = !request.captures.empty() && request.captures.front() == web_version();
  Answer answer =
      cached_answer(std::string(asset.content), asset.content_type,
                    own_version ? "public, max-age=31536000, immutable" : "no-store", request.if_none_match);
  add_policy(answer);
  return answer;
}

const Asset* find_asset(std::string_view name) {
  for (const Asset& asset : web_assets()) {
    if (asset.name == name) return &asset;
  }
  return nullptr;
}

}  // namespace

void Pages::add_to(Routes& routes) {
  for (const std::string_view address : kAddresses) {
    routes.add(http::Method::get, address, [](Request& request, Reply reply) { show(request, std::move(reply)); });
  }
  for (const Asset& asset : web_assets()) {
    if (asset.name.ends_with(".html")) continue;
    routes.add(http::Method::get, "/assets/{version}/" + std::string(asset.name),
               [&asset](Request& request, Reply reply) { reply.send(file_answer(asset, request)); });
  }
  if (const Asset* icon = find_asset("icon.svg")) {
    routes.add(http::Method::get, "/favicon.ico", [icon](Request& request, Reply reply) {
      Answer answer = public_answer(std::string(icon->content), icon->content_type, 0, request.if_none_match);
      add_policy(answer);
      reply.send(std::move(answer));
    });
  }
}

void Pages::show(const Request& request, Reply reply) {
  const Asset* page = find_asset("index.html");
  ROOST_CHECK(page != nullptr);
  Answer answer = public_answer(std::string(page->content), page->content_type, 0, request.if_none_match);
  add_policy(answer);
  if (request.path.starts_with("/logs")) answer.fields.add("Vary", "Accept");
  reply.send(std::move(answer));
}

}  // namespace roost::api
