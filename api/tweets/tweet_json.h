#pragma once

#include <cstdint>
#include <string>

#include "api/db/tweet.h"

namespace roost::api {

/// Appends a tweet's JSON, with `likes` in place of its own count:
/// {"id":1,"user_id":1,"username":"…","display_name":"…","content":"…","created_at":"…Z","updated_at":"…Z","likes":3,
///  "hashtags":["…"]}
void append_tweet(std::string& out, const Tweet& tweet, int64_t likes);

}  // namespace roost::api
