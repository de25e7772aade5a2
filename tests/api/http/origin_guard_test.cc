#include "api/http/origin_guard.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;
using http::Method;

namespace {

int refusal(const OriginGuard& guard, Method method, std::string origin,
            service::FetchSite site = service::FetchSite::unsaid) {
  service::Request request;
  request.method = method;
  request.authority = "example.org";
  request.origin = std::move(origin);
  request.fetch_site = site;
  const auto refused = guard.refuse(request);
  return refused ? refused->status : 0;
}

}  // namespace

TEST_CASE("pages of other origins change nothing unless they are configured") {
  const OriginGuard guard(Cors({"https://app.example"}));
  for (const Method method : {Method::post, Method::put, Method::patch, Method::delete_, Method::other}) {
    CHECK(refusal(guard, method, "https://evil.example") == 403);
    CHECK(refusal(guard, method, "null") == 403);
    CHECK(refusal(guard, method, "", service::FetchSite::foreign) == 403);
    CHECK(refusal(guard, method, "https://app.example") == 0);
    CHECK(refusal(guard, method, "https://app.example", service::FetchSite::foreign) == 0);
    CHECK(refusal(guard, method, "https://example.org") == 0);
    CHECK(refusal(guard, method, "") == 0);
  }
  for (const Method method : {Method::get, Method::head, Method::options})
    CHECK(refusal(guard, method, "https://evil.example") == 0);
}

TEST_CASE("where every origin is let in, every page is") {
  const OriginGuard guard(Cors({"*"}));
  CHECK(refusal(guard, Method::post, "https://evil.example", service::FetchSite::foreign) == 0);
}
