#include "api/pages/pages.h"

#include <string>
#include <utility>

#include "api/http/answer.h"
#include "api/http/api_path.h"
#include "api/pages/web_assets.h"
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

Answer file_answer(const service::Asset& asset, const Request& request) {
  const bool own_version = !request.captures.empty() && request.captures.front() == web_version();
  Answer answer = service::asset_answer(asset, own_version ? "public, max-age=31536000, immutable" : "no-store",
                                        request.if_none_match);
  add_policy(answer);
  return answer;
}

const service::Asset* find_page_asset(std::string_view name) {
  return service::find_asset(web_assets(), name);
}

}  // namespace

void Pages::add_to(Router& router) {
  for (const std::string_view address : kAddresses) {
    router.add(http::Method::get, address, [](Request& request, Reply reply) { show(request, std::move(reply)); });
  }
  for (const service::Asset& asset : web_assets()) {
    if (asset.name.ends_with(".html")) continue;
    router.add(http::Method::get, "/assets/{version}/" + std::string(asset.name),
               [&asset](Request& request, Reply reply) { reply.send(file_answer(asset, request)); });
  }
  if (const service::Asset* icon = find_page_asset("icon.svg")) {
    router.add(http::Method::get, "/favicon.ico", [icon](Request& request, Reply reply) {
      Answer answer = public_answer(std::string(icon->content), icon->content_type, 0, request.if_none_match);
      add_policy(answer);
      reply.send(std::move(answer));
    });
  }
}

void Pages::show(const Request& request, Reply reply) {
  const service::Asset* page = find_page_asset("index.html");
  ROOST_CHECK(page != nullptr);
  Answer answer = public_answer(std::string(page->content), page->content_type, 0, request.if_none_match);
  add_policy(answer);
  if (request.path.starts_with("/logs")) answer.fields.add("Vary", "Accept");
  reply.send(std::move(answer));
}

void Pages::answer_not_found(const Request& request, Reply reply) {
  Answer answer = not_found(request.method, "There is nothing at this path.");
  const bool is_read = request.method == http::Method::get || request.method == http::Method::head;
  if (is_read && !is_api_path(request.path)) {
    answer.fields.add("Vary", "Accept");
    if (const service::Asset* page = find_page_asset("index.html"); page != nullptr && request.wants_html) {
      answer.content_type = page->content_type;
      answer.body = page->content;
      add_policy(answer);
    }
  }
  reply.send(std::move(answer));
}

}  // namespace roost::api
