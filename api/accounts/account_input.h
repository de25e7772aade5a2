#pragma once

#include <cstddef>
#include <string>

#include "api/http/input.h"
#include "api/http/service.h"

namespace roost::api {

// Code points.
constexpr size_t kLeastUsername = 3;
constexpr size_t kMostUsername = 30;
constexpr size_t kLeastPassword = 8;
constexpr size_t kMostPassword = 128;
constexpr size_t kMostDisplayName = 50;
constexpr size_t kMostBio = 160;
constexpr size_t kMaxEmailBytes = 254;  ///< RFC 5321, with the erratum on it

/// A registration with valid fields.
struct NewAccount {
  std::string username;
  std::string email;
  std::string password;
  std::string display_name;  ///< the user name when none was given
  std::string bio;
};

/// {"username","email","password","display_name"?,"bio"?}; else 415, or 422 naming the wrong field.
Input<NewAccount> read_new_account(const Request& request);

/// A log-in: `name` is a user name or an e-mail address.
struct Credentials {
  std::string name;
  std::string password;
};

/// `username` and `password` of a form (application/x-www-form-urlencoded) or of a JSON object; else 415 or 422.
Input<Credentials> read_credentials(const Request& request);

}  // namespace roost::api
