#include "api/http/cache_groups.h"

#include <fmt/format.h>

namespace roost::api {

std::string tweet_tag(int64_t id) {
  return fmt::format("tweet-{}", id);
}

std::string tweet_groups(const TweetPage& page) {
  if (page.absent()) return "";
  const Tweet& tweet = page.tweets.front();
  return fmt::format("\"{}\", \"author-{}\"", tweet_tag(tweet.id), tweet.user_id);
}

std::string list_groups(const TweetPage& page) {
  std::string groups = "\"tweets\"";
  for (const Tweet& tweet : page.tweets) groups += fmt::format(", \"{}\"", tweet_tag(tweet.id));
  return groups;
}

std::string tweet_change_groups(int64_t id) {
  return fmt::format("\"tweets\", \"{}\"", tweet_tag(id));
}

std::string user_groups(const UserPage& page) {
  // A list of users shows names, which cannot be changed, so only new and deleted accounts invalidate it.
  return page.users.size() == 1 ? fmt::format("\"users\", \"user-{}\"", page.users.front().id) : "\"users\"";
}

std::string new_user_groups() {
  return "\"users\"";
}

std::string deleted_user_groups(int64_t id) {
  return fmt::format("\"users\", \"user-{}\", \"author-{}\", \"tweets\"", id, id);
}

std::string follow_groups(int64_t follower, int64_t followee) {
  return fmt::format("\"user-{}\", \"user-{}\"", follower, followee);
}

}  // namespace roost::api
