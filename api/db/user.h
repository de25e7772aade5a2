#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace roost::api {

/// A person as the database holds them. The password's hash is not among it: see Login.
struct User {
  int64_t id = 0;
  std::string username;
  std::string email;  ///< for its owner alone; empty where the call that loaded it says so
  std::string display_name;
  std::string bio;
  int64_t created_at_ms = 0;  ///< Unix time
  int64_t updated_at_ms = 0;
  int64_t followers = 0;
  int64_t following = 0;
  friend bool operator==(const User&, const User&) = default;
};

/// Who registers. All of it is valid UTF-8 and within its limits already.
struct NewUser {
  std::string username;
  std::string email;
  std::string display_name;
  std::string bio;
  std::string password_hash;  ///< as crypto_pwhash_str makes it
};

/// What became of a registration.
struct Registration {
  enum class Outcome : uint8_t { made, username_taken, email_taken };
  Outcome outcome = Outcome::made;
  User user;  ///< when made
};

/// Somebody who logs in: who they are and what their password is checked against.
struct Login {
  bool found = false;
  User user;
  std::string password_hash;
};

/// A run of people, newest first, without their e-mail addresses; or the one person that was asked for.
struct UserPage {
  std::vector<User> users;
  bool more = false;  ///< there are older ones

  bool absent() const { return users.empty(); }
  size_t memory_bytes() const {
    size_t bytes = sizeof *this;
    for (const User& user : users)
      bytes += sizeof user + user.username.size() + user.email.size() + user.display_name.size() + user.bio.size();
    return bytes;
  }
};

/// One person of a list of followers or of those followed.
struct FollowedUser {
  User user;
  bool is_following = false;  ///< whether the one who asks follows them
};

struct FollowPage {
  std::vector<FollowedUser> users;  ///< the ones most recently registered first
  bool more = false;
};

/// Whose side of a follow is listed.
enum class FollowSide : uint8_t { followers, following };

/// What became of a follow or an unfollow.
enum class FollowChange : uint8_t {
  made,
  unchanged,    ///< was so already
  not_found,    ///< nobody has the id that was to be followed
  no_follower,  ///< the account that asked is gone
};

}  // namespace roost::api
