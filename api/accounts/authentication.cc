#include "api/accounts/authentication.h"

#include <utility>

#include "api/http/failure.h"
#include "common/service/bearer_token.h"

namespace roost::api {

Answer unauthorized(std::string_view detail) {
  return service::bearer_token_needed(detail);
}

Answer account_is_gone() {
  return unauthorized("The account of this token does not exist any more.");
}

Answer private_json(std::string body) {
  Answer answer;
  answer.body = std::move(body);
  answer.fields.add("Cache-Control", "private, no-store");
  return answer;
}

Input<int64_t> Authentication::user_id(const Request& request) const {
  const std::string_view token = service::bearer_token(request);
  if (token.empty()) return tl::unexpected<Answer>(unauthorized("This needs an access token: log in."));
  const auto id = tokens_.user_of(std::string(token), clock_.unix_ms());
  if (!id) return tl::unexpected<Answer>(unauthorized("The access token is not valid, or has expired: log in again."));
  return *id;
}

void Authentication::with_account(Reply reply, WithAccount then) const {
  const auto id = user_id(reply.request());
  if (!id) return reply.send(id.error());
  const std::string request_id = reply.request().request_id;
  users_.account(*id, request_id,
                 [this, reply = std::move(reply), then = std::move(then)](Result<UserPage> page) mutable {
                   if (!page) return reply.send(failure(events_, page.error()));
                   if (page->absent()) return reply.send(account_is_gone());
                   then(std::move(page->users.front()), std::move(reply));
                 });
}

}  // namespace roost::api
