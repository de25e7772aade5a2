#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace roost::api {

/// A user's row, without the password's hash (see Login).
struct User {
  int64_t id = 0;
  std::string username;
  std::string email;  ///< shown to its owner only; empty where the loading call says so
  std::string display_name;
  std::string bio;
  int64_t created_at_ms = 0;  ///< Unix time
  int64_t updated_at_ms = 0;
  int64_t followers = 0;
  int64_t following = 0;
  friend bool operator==(const User&, const User&) = default;
};

/// A new user; the caller has checked UTF-8 and limits.
struct NewUser {
  std::string username;
  std::string email;
  std::string display_name;
  std::string bio;
  std::string password_hash;  ///< as crypto_pwhash_str makes it
};

/// Result of a registration.
struct Registration {
  enum class Outcome : uint8_t { made, username_taken, email_taken };
  Outcome outcome = Outcome::made;
  User user;  ///< when made
};

/// The account that a log-in names, and the hash to check its password against.
struct Login {
  bool found = false;
  User user;
  std::string password_hash;
};

/// A page of users, newest first, without e-mail addresses; or the single user that was asked for.
struct UserPage {
  std::vector<User> users;
  bool more = false;  ///< older users exist

  bool absent() const { return users.empty(); }
  size_t memory_bytes() const {
    size_t bytes = sizeof *this;
    for (const User& user : users)
      bytes += sizeof user + user.username.size() + user.email.size() + user.display_name.size() + user.bio.size();
    return bytes;
  }
};

/// An entry of a list of followers or followed users.
struct FollowedUser {
  User user;
  bool is_following = false;  ///< by the user who asks
};

struct FollowPage {
  std::vector<FollowedUser> users;  ///< newest accounts first
  bool more = false;
};

/// Which side of the follows of a user is listed.
enum class FollowSide : uint8_t { followers, following };

/// Result of a follow or an unfollow.
enum class FollowChange : uint8_t {
  made,
  unchanged,    ///< already so
  not_found,    ///< no user has the followee's id
  no_follower,  ///< the follower's account was deleted
};

}  // namespace roost::api
