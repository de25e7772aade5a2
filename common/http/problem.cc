#include "common/http/problem.h"

#include <fmt/format.h>

#include "common/http/message.h"
#include "common/observe/json_text.h"

namespace roost::http {

std::string problem_body(int status, std::string_view detail, std::string_view field, std::string_view request_id) {
  std::string body =
      fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":)", reason_phrase(status), status);
  observe::append_json_string(body, detail);
  if (!field.empty()) {
    body += ",\"field\":";
    observe::append_json_string(body, field);
  }
  if (!request_id.empty()) {
    body += ",\"request_id\":";
    observe::append_json_string(body, request_id);
  }
  body += '}';
  return body;
}

void respond_out_of_memory(Responder& responder) {
  FixedFieldBlock<128> fields;
  fields.add_text("Content-Type", kProblemJson);
  fields.add_text("Cache-Control", "no-store");
  fields.add_text("Retry-After", "1");
  constexpr std::string_view kBody =
      R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The server is out of memory. Try )"
      R"(again later."})";
  const Slice body(kBody);
  responder.respond({.status = 503, .fields = fields, .more_fields = {}, .body = BodyLength::known(kBody.size())},
                    {&body, 1});
}

}  // namespace roost::http
