#pragma once

#include <cstdint>
#include <string>

#include "api/db/tweet.h"
#include "api/db/user.h"

namespace roost::api {

/// The groups that answers belong to (Cache-Groups, RFC 9875) and that changes name (Cache-Group-Invalidation), as
/// lists of strings: "tweet-7" for what shows that tweet, "tweets" for every list, which a new or changed tweet may
/// enter; "user-7" and "users" likewise; "author-7" for each tweet of theirs, which goes with the account.

/// Of an answer about the one tweet of the page.
std::string tweet_groups(const TweetPage& page);
/// Of a list: "tweets" and each tweet in it, at most ListRange::kMaxLimit.
std::string list_groups(const TweetPage& page);
/// What the making, changing or deleting of a tweet makes different.
std::string tweet_change_groups(int64_t id);
/// Of an answer that shows people: "users", and the one it is about.
std::string user_groups(const UserPage& page);
/// What is different when somebody registers, deletes the account (with all its tweets), or follows somebody.
std::string new_user_groups();
std::string deleted_user_groups(int64_t id);
std::string follow_groups(int64_t follower, int64_t followee);
/// The tag of one tweet, bare: "tweet-7" without quotes.
std::string tweet_tag(int64_t id);

}  // namespace roost::api
