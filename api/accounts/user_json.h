#pragma once

#include <cstdint>
#include <string>

#include "api/db/user.h"

namespace roost::api {

/// Appends the public fields of a user, without braces: "id":1,"username":"…","display_name":"…","bio":"…".
void append_public_fields(std::string& out, const User& user);

/// The user's own account, the only JSON with an e-mail address:
/// {"id":1,"username":"…","email":"…","display_name":"…","bio":"…","created_at":"…Z","updated_at":"…Z","followers":2,
///  "following":3}
std::string own_user_json(const User& user);

/// A user's profile: {"id":1,"username":"…","display_name":"…","bio":"…","created_at":"…Z","updated_at":"…Z",
///  "followers":2,"following":3,"joinDate":"November 2026"}
std::string profile_json(const User& user);

/// {"id":1,"username":"…","display_name":"…","bio":"…","is_following":true}
void append_followed_user(std::string& out, const FollowedUser& followed);

}  // namespace roost::api
