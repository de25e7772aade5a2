#include "api/http/client_limit.h"

namespace roost::api {

Answer too_many_requests(std::string_view detail, int64_t wait_ms) {
  Answer answer = problem(429, detail);
  answer.fields.add("Retry-After", static_cast<uint64_t>((wait_ms + 999) / 1000));
  return answer;
}

}  // namespace roost::api
