#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace roost::api {

/// A tweet's row, with the author's names.
struct Tweet {
  int64_t id = 0;
  int64_t user_id = 0;
  std::string username;
  std::string display_name;
  std::string content;
  int64_t created_at_ms = 0;  ///< Unix time
  int64_t updated_at_ms = 0;
  int64_t likes = 0;  ///< applied ones; those pending in a journal are not included
  friend bool operator==(const Tweet&, const Tweet&) = default;
};

/// A page of tweets, newest first, read from one snapshot of the database.
struct TweetPage {
  std::vector<Tweet> tweets;
  bool more = false;         ///< older tweets exist
  uint64_t applied_seq = 0;  ///< of the watched journal (Database::watch_journal), in the same snapshot

  /// Nothing was found; cached for the shorter negative TTL.
  bool absent() const { return tweets.empty(); }
  size_t memory_bytes() const {
    size_t bytes = sizeof *this;
    for (const Tweet& tweet : tweets)
      bytes += sizeof tweet + tweet.username.size() + tweet.display_name.size() + tweet.content.size();
    return bytes;
  }
};

/// A part of a list: at most `limit` entries with ids below `before`.
struct ListRange {
  static constexpr int64_t kMaxLimit = 200;
  int64_t limit = 50;
  int64_t before = INT64_MAX;
};

}  // namespace roost::api
