#include "api/accounts/account_input.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/http/json_body.h"
#include "api/http/text.h"

namespace roost::api {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

constexpr TextRule kUsername{"username", kLeastUsername, kMostUsername};
constexpr TextRule kEmail{"email", 1, kMaxEmailBytes};
constexpr TextRule kPassword{"password", kLeastPassword, kMostPassword};
constexpr TextRule kDisplayName{"display_name", 0, kMostDisplayName};
constexpr TextRule kBio{"bio", 0, kMostBio};
// At log-in these limits only bound the work: a name or password of another length is merely wrong.
constexpr TextRule kLoginName{"username", 1, kMaxEmailBytes};
constexpr TextRule kLoginPassword{"password", 1, kMostPassword};

bool is_username(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

/// Reads one field into `target`; false with `problem` set when it is wrong.
bool read_into(std::string& target, const JsonBody& body, const TextRule& rule, Answer& problem) {
  auto text = body.text(rule);
  if (!text) {
    problem = std::move(text.error());
    return false;
  }
  target = std::move(*text);
  return true;
}

Input<std::string> form_field(const QueryString& form, const TextRule& rule) {
  const std::string* value = form.find(rule.name);
  if (value == nullptr) return wrong_input(rule.name, "this field is required");
  return check_text(*value, rule);
}

Input<Credentials> credentials_of_form(const Request& request) {
  const auto form = QueryString::parse(request.body);
  if (!form) return wrong_input("body", "a malformed escape, or too many fields");
  auto name = form_field(*form, kLoginName);
  if (!name) return tl::unexpected<Answer>(std::move(name.error()));
  auto password = form_field(*form, kLoginPassword);
  if (!password) return tl::unexpected<Answer>(std::move(password.error()));
  return Credentials{std::move(*name), std::move(*password)};
}

}  // namespace

Input<NewAccount> read_new_account(const Request& request) {
  const auto body = JsonBody::read(request);
  if (!body) return tl::unexpected<Answer>(body.error());
  NewAccount account;
  Answer problem;
  if (!read_into(account.username, *body, kUsername, problem) || !read_into(account.email, *body, kEmail, problem) ||
      !read_into(account.password, *body, kPassword, problem) ||
      !read_into(account.display_name, *body, kDisplayName, problem) || !read_into(account.bio, *body, kBio, problem)) {
    return tl::unexpected<Answer>(std::move(problem));
  }
  if (!is_username(account.username)) return wrong_input("username", "letters, digits and '_' only");
  if (account.email.size() > kMaxEmailBytes)
    return wrong_input("email", fmt::format("at most {} bytes", kMaxEmailBytes));
  if (!is_email_shaped(account.email)) return wrong_input("email", "expected an e-mail address");
  if (is_blank(account.display_name)) account.display_name = account.username;
  return account;
}

Input<Credentials> read_credentials(const Request& request) {
  const std::string type = media_type(request.content_type);
  if (type == kForm || type.empty()) return credentials_of_form(request);
  if (type != kJson)
    return tl::unexpected<Answer>(unsupported_media_type("a form (application/x-www-form-urlencoded) or JSON"));
  const auto body = JsonBody::read(request);
  if (!body) return tl::unexpected<Answer>(body.error());
  Credentials credentials;
  Answer problem;
  if (!read_into(credentials.name, *body, kLoginName, problem) ||
      !read_into(credentials.password, *body, kLoginPassword, problem)) {
    return tl::unexpected<Answer>(std::move(problem));
  }
  return credentials;
}

}  // namespace roost::api
