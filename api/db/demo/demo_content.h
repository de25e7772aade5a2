#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace roost::api {

/// People and tweets that never were, to look at Roost with.
struct SampleUser {
  std::string_view username;
  std::string_view display_name;
  std::string_view bio;
  std::string_view follows;  ///< user names, a space between two
};

struct SampleTweet {
  std::string_view username;  ///< of a SampleUser
  int64_t minutes_ago;        ///< falls from tweet to tweet
  int64_t likes;
  std::string_view content;
};

/// The first one is for whoever tries Roost.
std::span<const SampleUser> sample_users();
/// The oldest first.
std::span<const SampleTweet> sample_tweets();

}  // namespace roost::api
