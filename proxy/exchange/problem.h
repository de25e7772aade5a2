#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/server.h"
#include "proxy/runtime/error_pages.h"

namespace roost::proxy {

/// An error of the proxy's own, as its client is told of it.
struct Problem {
  int status = 500;
  std::string_view detail;      ///< one sentence; names no backend, no address and no system error
  std::string_view request_id;  ///< under which the access log has the rest
  std::string_view page;        ///< an HTML page for a browser (error_page.h); empty: JSON for a program
  int64_t retry_after_s = 1;    ///< for 429 and 503
};

/// What a client is told when a request could not be answered with a backend's response: 502, 503 or 504.
std::string_view sentence_of_failure(int status);

/// Problem::page for a request with this Accept: the configured page of the status, else the standard one; empty for a
/// program.
std::string_view page_for(std::string_view accept, const ErrorPages& pages, int status);

/// Answers with a page or with `application/problem+json` (RFC 9457), with X-Request-Id, and Retry-After for 429 and
/// 503. `more_fields`: further ones, Date among them. Ends the request.
void respond_problem(http::Responder& responder, const Problem& problem, http::FieldBlockView more_fields);

}  // namespace roost::proxy
