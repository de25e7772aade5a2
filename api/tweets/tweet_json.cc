#include "api/tweets/tweet_json.h"

#include <iterator>

#include <fmt/format.h>

#include "api/db/hashtags.h"
#include "api/http/answer.h"
#include "common/base/iso_time.h"

namespace roost::api {

void append_tweet(std::string& out, const Tweet& tweet, int64_t likes) {
  fmt::format_to(std::back_inserter(out), R"({{"id":{},"user_id":{},"username":)", tweet.id, tweet.user_id);
  append_json_string(out, tweet.username);
  out += ",\"display_name\":";
  append_json_string(out, tweet.display_name);
  out += ",\"content\":";
  append_json_string(out, tweet.content);
  fmt::format_to(std::back_inserter(out), R"(,"created_at":"{}","updated_at":"{}","likes":{},"hashtags":[)",
                 format_iso_time(tweet.created_at_ms), format_iso_time(tweet.updated_at_ms), likes);
  bool first = true;
  for (const std::string& tag : extract_hashtags(tweet.content)) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, tag);
  }
  out += "]}";
}

}  // namespace roost::api
