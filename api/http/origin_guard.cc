#include "api/http/origin_guard.h"

#include "common/service/cross_origin.h"

namespace roost::api {

std::optional<service::Answer> OriginGuard::refuse(const service::Request& request) const {
  using http::Method;
  const bool reads_only =
      request.method == Method::get || request.method == Method::head || request.method == Method::options;
  if (reads_only || !service::is_cross_origin(request) || cors_.lets_in(request.origin)) return std::nullopt;
  return service::problem(403, "Pages of other origins may not send this; [api] cors_origins lists those that may.");
}

}  // namespace roost::api
