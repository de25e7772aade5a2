#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/db/tweet.h"
#include "api/db/user.h"

namespace roost::api {

/// Cache tags (RFC 9875) of answers (Cache-Groups) and of changes (Cache-Group-Invalidation), as lists of strings:
/// "tweet-7" for answers that show the tweet, "tweets" for all lists, which a new or changed tweet may enter; "user-7"
/// and "users" likewise; "author-7" for each tweet of that user, deleted with the account.

/// Of an answer about the one tweet of the page.
std::string tweet_groups(const TweetPage& page);
/// Of a list: "tweets" and each tweet in it, at most ListRange::kMaxLimit.
std::string list_groups(const TweetPage& page);
/// Invalidated when a tweet is created, changed or deleted.
std::string tweet_change_groups(int64_t id);
/// Of an answer about users: "users", and the user it is about.
std::string user_groups(const UserPage& page);
/// Invalidated when a user registers, deletes the account (with its tweets), or follows.
std::string new_user_groups();
std::string deleted_user_groups(int64_t id);
std::string follow_groups(int64_t follower, int64_t followee);
/// The tag of all lists of tweets, bare.
inline constexpr std::string_view kListTag = "tweets";
/// The tag of one tweet, bare: "tweet-7" without quotes.
std::string tweet_tag(int64_t id);

}  // namespace roost::api
