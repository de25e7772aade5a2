#pragma once

#include "api/accounts/account_metrics.h"
#include "api/accounts/authentication.h"
#include "api/accounts/login_delays.h"
#include "api/accounts/login_limit.h"
#include "api/accounts/passwords.h"
#include "api/accounts/tokens.h"
#include "api/accounts/user_store.h"
#include "api/http/client_limit.h"
#include "api/http/service.h"
#include "common/base/clock.h"
#include "common/net/network_set.h"
#include "common/observe/event_log.h"

namespace roost::api {

struct Credentials;
struct NewAccount;

/// The routes of a user's own account: register, log in, log out, show, delete (docs/api.md). Loop thread only.
class Accounts {
 public:
  /// All outlive the routes.
  struct Parts {
    UserStore& users;
    const Authentication& authentication;
    Passwords& passwords;
    const Tokens& tokens;
    LoginLimit& limit;
    LoginDelays& delays;
    ClientLimit& registrations;
    AccountMetrics& metrics;
    const net::NetworkSet& trusted_proxies;
    const Clock& clock;
    observe::EventLog& events;
  };
  explicit Accounts(const Parts& parts) : parts_(parts) {}
  void add_to(Router& router);

 private:
  struct Attempt;
  void register_user(Request& request, Reply reply);
  void insert(NewAccount account, std::string password_hash, Reply reply);
  void log_in(Request& request, Reply reply);
  void admit(Attempt attempt, Login login);
  void check_password(Attempt attempt, Login login);
  void finish_log_in(Attempt attempt, const Login& login, const Result<bool>& fits);
  void show(Request& request, Reply reply);
  void remove(Request& request, Reply reply);
  void refuse_removal(int64_t id, Reply reply);
  Answer queue_failure(const Error& error, observe::Counter& refused);

  const Parts parts_;
};

}  // namespace roost::api
