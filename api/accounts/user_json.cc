#include "api/accounts/user_json.h"

#include <iterator>

#include <fmt/format.h>

#include "api/http/answer.h"
#include "common/base/iso_time.h"

namespace roost::api {
namespace {

void append_numbers(std::string& out, const User& user) {
  fmt::format_to(std::back_inserter(out), R"(,"created_at":"{}","updated_at":"{}","followers":{},"following":{})",
                 format_iso_time(user.created_at_ms), format_iso_time(user.updated_at_ms), user.followers,
                 user.following);
}

}  // namespace

void append_public_fields(std::string& out, const User& user) {
  fmt::format_to(std::back_inserter(out), R"("id":{},"username":)", user.id);
  append_json_string(out, user.username);
  out += ",\"display_name\":";
  append_json_string(out, user.display_name);
  out += ",\"bio\":";
  append_json_string(out, user.bio);
}

std::string own_user_json(const User& user) {
  std::string out = "{";
  append_public_fields(out, user);
  out += ",\"email\":";
  append_json_string(out, user.email);
  append_numbers(out, user);
  out += '}';
  return out;
}

std::string profile_json(const User& user) {
  std::string out = "{";
  append_public_fields(out, user);
  append_numbers(out, user);
  fmt::format_to(std::back_inserter(out), R"(,"joinDate":"{}"}})", format_month(user.created_at_ms));
  return out;
}

void append_followed_user(std::string& out, const FollowedUser& followed) {
  out += '{';
  append_public_fields(out, followed.user);
  out += followed.is_following ? ",\"is_following\":true}" : ",\"is_following\":false}";
}

}  // namespace roost::api
