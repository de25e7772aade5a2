#include "api/http/cors_decorator.h"

#include "api/http/api_path.h"

namespace roost::api {

void CorsDecorator::add_fields(const service::Request& request, const service::Answer&, http::FieldBlock& fields) {
  if (!is_api_path(request.path)) return;
  cors_.add_to(fields, request.origin);
  if (request.is_preflight) cors_.add_preflight_to(fields, request.origin, router_.allowed(request.path));
}

}  // namespace roost::api
