#include "common/service/bearer_token.h"

#include "common/http/fields.h"

namespace roost::service {

std::string_view bearer_token(const Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view sent = request.authorization;
  if (sent.size() < kScheme.size() || !http::equals_ignore_case(sent.substr(0, kScheme.size()), kScheme)) return {};
  return sent.substr(kScheme.size());
}

bool is_same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;  // volatile: the loop is not to end early
  for (size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

Answer bearer_token_needed(std::string_view detail) {
  Answer answer = problem(401, detail);
  answer.fields.add("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace roost::service
