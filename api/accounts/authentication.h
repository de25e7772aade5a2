#pragma once

#include <cstdint>

#include "api/accounts/tokens.h"
#include "api/accounts/user_store.h"
#include "api/http/input.h"
#include "api/http/service.h"
#include "common/base/clock.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Authenticates requests by their bearer token (RFC 6750). Loop thread only.
class Authentication {
 public:
  /// All outlive it.
  Authentication(const Tokens& tokens, UserStore& users, const Clock& clock, observe::EventLog& events)
      : tokens_(tokens), users_(users), clock_(clock), events_(events) {}

  /// The user's id, or 401. The account may have been deleted since: writes learn that from the database, reads use
  /// with_account.
  Input<int64_t> user_id(const Request& request) const;

  /// Loads the account, bypassing caches, and calls `then` with it; answers 401 when there is no valid token or the
  /// account has been deleted.
  using WithAccount = UniqueFunction<void(User account, Reply reply)>;
  void with_account(Reply reply, WithAccount then) const;

 private:
  const Tokens& tokens_;
  UserStore& users_;
  const Clock& clock_;
  observe::EventLog& events_;
};

/// 401 with WWW-Authenticate: credentials missing or invalid.
Answer unauthorized(std::string_view detail);

/// 401 for a token whose account has been deleted.
Answer account_is_gone();

/// 200 with JSON that depends on the token: `private, no-store`.
Answer private_json(std::string body);

}  // namespace roost::api
