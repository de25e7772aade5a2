#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace roost::api {

/// Sample users and tweets for demonstrations.
struct SampleUser {
  std::string_view username;
  std::string_view display_name;
  std::string_view bio;
  std::string_view follows;  ///< user names, a space between two
};

struct SampleTweet {
  std::string_view username;  ///< of a SampleUser
  int64_t minutes_ago;        ///< decreases from tweet to tweet
  int64_t likes;
  std::string_view content;
};

/// The first one is the account to log in with.
std::span<const SampleUser> sample_users();
/// Oldest first.
std::span<const SampleTweet> sample_tweets();

}  // namespace roost::api
