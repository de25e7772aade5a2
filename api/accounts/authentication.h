#pragma once

#include <cstdint>

#include "api/accounts/tokens.h"
#include "api/accounts/user_store.h"
#include "api/http/input.h"
#include "api/http/service.h"
#include "common/base/clock.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Who asks, by the bearer token of the request (RFC 6750). Loop thread only.
class Authentication {
 public:
  /// All outlive it.
  Authentication(const Tokens& tokens, UserStore& users, const Clock& clock, observe::EventLog& events)
      : tokens_(tokens), users_(users), clock_(clock), events_(events) {}

  /// The user's id, or 401. That the account still exists is not known by that: what is written finds out by the
  /// database, what is read asks with_account.
  Input<int64_t> user_id(const Request& request) const;

  /// Loads the account past all caches and calls `then` with it; answers 401 when there is no valid token or the
  /// account is gone.
  using WithAccount = UniqueFunction<void(User account, Reply reply)>;
  void with_account(Reply reply, WithAccount then) const;

 private:
  const Tokens& tokens_;
  UserStore& users_;
  const Clock& clock_;
  observe::EventLog& events_;
};

/// 401 with WWW-Authenticate: who asks did not say who they are, or cannot be believed.
Answer unauthorized(std::string_view detail);

/// The same for a token whose account has been deleted.
Answer account_is_gone();

/// JSON about whoever sent the token: for their eyes only.
Answer private_json(std::string body);

}  // namespace roost::api
