#pragma once

#include <memory>

#include "api/accounts/accounts.h"
#include "api/accounts/follows.h"
#include "api/accounts/people.h"
#include "api/storage.h"

namespace roost::api {

/// Accounts and who follows whom: tokens, passwords, the user store and their routes. Loop thread only.
class AccountModule {
 public:
  /// Opens or makes the key of the tokens. All outlive it.
  static Result<std::unique_ptr<AccountModule>> open(const WorkerContext& context, observe::MetricScope& scope,
                                                     Storage& storage);

  void add_to(Router& router);
  const Authentication& authentication() const { return authentication_; }

 private:
  AccountModule(const WorkerContext& context, observe::MetricScope& scope, Storage& storage, Tokens tokens);

  const Tokens tokens_;
  Passwords passwords_;
  LoginLimit login_limit_;
  LoginDelays login_delays_;
  ClientLimit registrations_;
  AccountMetrics metrics_;
  const net::NetworkSet trusted_proxies_;
  UserStore users_;
  Authentication authentication_;
  Accounts accounts_;
  Follows follows_;
  People people_;
};

}  // namespace roost::api
