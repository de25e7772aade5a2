#include "api/accounts/accounts.h"

#include <memory>
#include <utility>

#include <fmt/core.h>

#include "api/accounts/account_input.h"
#include "api/accounts/user_json.h"
#include "api/db/words.h"
#include "api/http/answer.h"
#include "api/http/cache_groups.h"
#include "api/http/failure.h"
#include "api/http/request_input.h"

namespace roost::api {
namespace {

std::string login_body(const User& user, std::string_view token) {
  std::string body = "{";
  append_public_fields(body, user);
  body += ",\"email\":";
  append_json_string(body, user.email);
  body += fmt::format(R"(,"access_token":"{}","token_type":"bearer","message":"Logged in."}})", token);
  return body;
}

Answer too_many_attempts(int64_t wait_ms) {
  return too_many_requests("Too many attempts to log in. Wait before the next one.", wait_ms);
}

/// What the attempts at an account are counted under: one count, whether its name or its e-mail address was given.
std::string account_key(const Login& login, std::string_view name) {
  return login.found ? fmt::format("#{}", login.user.id) : fold_text(name);
}

}  // namespace

/// One attempt to log in, and what it is counted under.
struct Accounts::Attempt {
  ClientAddress address;
  std::string name;     ///< as given
  std::string account;  ///< account_key, once it is known
  std::string password;
  Reply reply;
};

void Accounts::add_to(Router& router) {
  using http::Method;
  router.add(Method::post, "/api/users/register",
             [this](Request& request, Reply reply) { register_user(request, std::move(reply)); });
  router.add(Method::post, "/api/users/login",
             [this](Request& request, Reply reply) { log_in(request, std::move(reply)); });
  // A token is not kept anywhere, so there is nothing to forget here: the client forgets it.
  router.add(Method::post, "/api/users/logout", [](Request&, Reply reply) {
    reply.send(uncached_json(200, R"({"success":true,"message":"Logged out."})"));
  });
  router.add(Method::get, "/api/users/me", [this](Request& request, Reply reply) { show(request, std::move(reply)); });
  router.add(Method::delete_, "/api/users/{id}",
             [this](Request& request, Reply reply) { remove(request, std::move(reply)); });
}

void Accounts::register_user(Request& request, Reply reply) {
  auto account = read_new_account(request);
  if (!account) return reply.send(std::move(account.error()));
  if (const int64_t wait_ms = parts_.registrations.attempt(request, parts_.clock.monotonic_ms()); wait_ms > 0) {
    parts_.metrics.registrations.add();
    return reply.send(too_many_requests("Too many registrations from this address. Try again later.", wait_ms));
  }
  std::string password = std::move(account->password);
  parts_.passwords.hash(std::move(password), [this, account = std::move(*account),
                                              reply = std::move(reply)](Result<std::string> hash) mutable {
    if (!hash) return reply.send(queue_failure(hash.error(), parts_.metrics.register_queue));
    insert(std::move(account), std::move(*hash), std::move(reply));
  });
}

void Accounts::insert(NewAccount account, std::string password_hash, Reply reply) {
  NewUser user{std::move(account.username), std::move(account.email), std::move(account.display_name),
               std::move(account.bio), std::move(password_hash)};
  const std::string request_id = reply.request().request_id;
  parts_.users.insert(std::move(user), request_id, [this, reply = std::move(reply)](Result<Registration> made) mutable {
    using Outcome = Registration::Outcome;
    if (!made) return reply.send(failure(parts_.events, made.error()));
    if (made->outcome == Outcome::username_taken)
      return reply.send(problem(400, "This user name is taken.", "username"));
    if (made->outcome == Outcome::email_taken)
      return reply.send(problem(400, "This e-mail address is taken.", "email"));
    Answer answer = uncached_json(201, own_user_json(made->user));
    answer.fields.add("Cache-Group-Invalidation", new_user_groups());
    reply.send(std::move(answer));
  });
}

void Accounts::log_in(Request& request, Reply reply) {
  auto credentials = read_credentials(request);
  if (!credentials) return reply.send(std::move(credentials.error()));
  Attempt attempt{client_address(request, parts_.trusted_proxies), credentials->name, "",
                  std::move(credentials->password), std::move(reply)};
  if (const int64_t wait_ms = parts_.limit.attempt_from(attempt.address, parts_.clock.monotonic_ms()); wait_ms > 0) {
    parts_.metrics.login_address.add();
    return attempt.reply.send(too_many_attempts(wait_ms));
  }
  const std::string request_id = request.request_id;
  parts_.users.login(std::move(credentials->name), request_id,
                     [this, attempt = std::move(attempt)](Result<Login> login) mutable {
                       if (login) return admit(std::move(attempt), std::move(*login));
                       parts_.limit.forgive("", attempt.address);
                       attempt.reply.send(failure(parts_.events, login.error()));
                     });
}

// Right and wrong passwords, and unknown users, wait alike: nothing shows before the password is checked.
void Accounts::admit(Attempt attempt, Login login) {
  attempt.account = account_key(login, attempt.name);
  const int64_t delay_ms = parts_.limit.attempt_at(attempt.account, attempt.address, parts_.clock.monotonic_ms());
  if (delay_ms == 0) return check_password(std::move(attempt), std::move(login));
  const std::string account = attempt.account;
  const ClientAddress address = attempt.address;
  auto waiting = std::make_shared<Attempt>(std::move(attempt));
  Task then = [this, waiting, login = std::move(login)]() mutable {
    check_password(std::move(*waiting), std::move(login));
  };
  if (parts_.delays.hold(account, address, delay_ms, std::move(then))) return parts_.metrics.login_delayed.add();
  parts_.metrics.login_account.add();
  waiting->reply.send(too_many_attempts(delay_ms));
}

void Accounts::check_password(Attempt attempt, Login login) {
  std::string password = std::move(attempt.password);
  // An account without a hash (of the sample data) is one that nobody can log in to.
  const bool can_fit = login.found && !login.password_hash.empty();
  std::string hash = can_fit ? login.password_hash : parts_.passwords.dummy_hash();
  parts_.passwords.verify(std::move(password), std::move(hash),
                          [this, attempt = std::move(attempt), login = std::move(login)](Result<bool> fits) mutable {
                            finish_log_in(std::move(attempt), login, fits);
                          });
}

void Accounts::finish_log_in(Attempt attempt, const Login& login, const Result<bool>& fits) {
  if (fits && !*fits) return attempt.reply.send(unauthorized("The user name or the password is wrong."));
  if (!fits) {
    parts_.limit.forgive(attempt.account, attempt.address);
    return attempt.reply.send(queue_failure(fits.error(), parts_.metrics.login_queue));
  }
  parts_.limit.succeeded(attempt.account, attempt.address, parts_.clock.monotonic_ms());
  const std::string token = parts_.tokens.issue(login.user.id, parts_.clock.unix_ms());
  attempt.reply.send(uncached_json(200, login_body(login.user, token)));
}

void Accounts::show(Request&, Reply reply) {
  parts_.authentication.with_account(
      std::move(reply), [](const User& account, Reply to) { to.send(private_json(own_user_json(account))); });
}

void Accounts::remove(Request&, Reply reply) {
  parts_.authentication.with_account(std::move(reply), [this](const User& account, Reply to) {
    const auto id = read_id(to.request());
    if (!id) return to.send(id.error());
    if (account.id != *id) return refuse_removal(*id, std::move(to));
    const std::string request_id = to.request().request_id;
    parts_.users.remove(*id, request_id, [this, id = *id, to = std::move(to)](Result<Change> change) mutable {
      if (!change) return to.send(failure(parts_.events, change.error()));
      if (*change != Change::made) return to.send(account_is_gone());  // by another request at the same time
      Answer answer = uncached_json(200, R"({"message":"The account was deleted."})");
      answer.fields.add("Cache-Group-Invalidation", deleted_user_groups(id));
      to.send(std::move(answer));
    });
  });
}

// A full queue is counted, not logged: whoever fills it would write the log.
Answer Accounts::queue_failure(const Error& error, observe::Counter& refused) {
  if (error.code != Passwords::kQueueFull) return failure(parts_.events, error);
  refused.add();
  return problem_of(error);
}

void Accounts::refuse_removal(int64_t id, Reply reply) {
  const std::string request_id = reply.request().request_id;
  parts_.users.account(id, request_id, [this, reply = std::move(reply)](Result<UserPage> page) mutable {
    if (!page) return reply.send(failure(parts_.events, page.error()));
    if (page->absent()) return reply.send(not_found(reply.request().method, "There is no such user."));
    reply.send(problem(403, "This account belongs to another user."));
  });
}

}  // namespace roost::api
