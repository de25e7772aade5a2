#include "proxy/exchange/problem.h"

#include <string>

#include "common/http/message.h"
#include "common/http/problem.h"
#include "proxy/exchange/error_page.h"

namespace roost::proxy {

std::string_view sentence_of_failure(int status) {
  switch (status) {
    case 503:
      return "The service is not available just now. Please try again in a moment.";
    case 504:
      return "The server behind this proxy did not answer in time.";
    case 500:
      return "This proxy could not handle the request.";
    default:
      return "The server behind this proxy could not be reached, or its answer was not usable.";
  }
}

std::string_view page_for(std::string_view accept, const ErrorPages& pages, int status) {
  if (!prefers_page(accept)) return {};
  const std::string_view page = pages.find(status);
  return page.empty() ? standard_page() : page;
}

void respond_problem(http::Responder& responder, const Problem& problem, http::FieldBlockView more_fields) {
  http::FieldBlock fields;
  std::string body;
  if (problem.page.empty()) {
    fields.add("Content-Type", http::kProblemJson);
    body = http::problem_body(problem.status, problem.detail, {}, problem.request_id) + '\n';
  } else {
    fields.add("Content-Type", "text/html; charset=utf-8");
    body = render_page(problem.page,
                       {problem.status, http::reason_phrase(problem.status), problem.detail, problem.request_id});
  }
  fields.add("Cache-Control", "no-store");
  if (!problem.request_id.empty()) fields.add("X-Request-Id", problem.request_id);
  if (problem.status == 429 || problem.status == 503) fields.add("Retry-After", std::to_string(problem.retry_after_s));
  const Slice piece{std::string_view(body)};
  responder.respond({.status = problem.status,
                     .fields = fields,
                     .more_fields = more_fields,
                     .body = http::BodyLength::known(body.size())},
                    {&piece, 1});
}

}  // namespace roost::proxy
