#include "proxy/exchange/problem.h"

#include <string>

#include "common/http/problem.h"

namespace roost::proxy {

void respond_problem(http::Responder& responder, int status, std::string_view detail,
                     http::FieldBlockView more_fields) {
  static const http::FieldBlock fields{{"Content-Type", http::kProblemJson}, {"Cache-Control", "no-store"}};
  const std::string body = http::problem_body(status, detail) + '\n';
  const Slice piece{std::string_view(body)};
  responder.respond(
      {.status = status, .fields = fields, .more_fields = more_fields, .body = http::BodyLength::known(body.size())},
      {&piece, 1});
}

}  // namespace roost::proxy
