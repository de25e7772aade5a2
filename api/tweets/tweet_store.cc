#include "api/tweets/tweet_store.h"

#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "api/db/words.h"

namespace roost::api {
namespace {

std::string range_key(ListRange range) {
  return fmt::format("{}/{}", range.limit, range.before);
}

}  // namespace

std::string TweetStore::tweet_key(int64_t id) {
  return fmt::format(FMT_COMPILE("tweet/{}"), id);
}

void TweetStore::timeline(ListRange range, Use use, const std::string& request_id, PageDone done) {
  cache_.get<TweetPage>(
      "timeline/" + range_key(range), DbCache::Group::list, use,
      [&](Done<TweetPage> loaded) { database_.load_timeline(range, read_for(request_id, use), std::move(loaded)); },
      std::move(done));
}

void TweetStore::tweet(int64_t id, Use use, const std::string& request_id, PageDone done) {
  cache_.get<TweetPage>(
      tweet_key(id), DbCache::Group::tweet, use,
      [&](Done<TweetPage> loaded) { database_.load_tweet(id, read_for(request_id, use), std::move(loaded)); },
      std::move(done));
}

void TweetStore::user_tweets(int64_t user_id, ListRange range, Use use, const std::string& request_id, PageDone done) {
  cache_.get<TweetPage>(
      fmt::format("user/{}/tweets/{}", user_id, range_key(range)), DbCache::Group::list, use,
      [&](Done<TweetPage> loaded) {
        database_.load_user_tweets(user_id, range, read_for(request_id, use), std::move(loaded));
      },
      std::move(done));
}

void TweetStore::hashtag_tweets(const std::string& tag, ListRange range, Use use, const std::string& request_id,
                                PageDone done) {
  const std::string folded = fold_text(tag);
  cache_.get<TweetPage>(
      fmt::format("hashtag/{}/{}", range_key(range), folded), DbCache::Group::list, use,
      [&](Done<TweetPage> loaded) {
        database_.load_hashtag_tweets(folded, range, read_for(request_id, use), std::move(loaded));
      },
      std::move(done));
}

void TweetStore::word_tweets(std::vector<std::string> words, ListRange range, Use use, const std::string& request_id,
                             PageDone done) {
  cache_.get<TweetPage>(
      fmt::format("words/{}/{}", range_key(range), fmt::join(words, " ")), DbCache::Group::list, use,
      [&](Done<TweetPage> loaded) {
        database_.search_tweets(std::move(words), range, read_for(request_id, use), std::move(loaded));
      },
      std::move(done));
}

void TweetStore::insert(int64_t user_id, std::string content, const std::string& request_id,
                        Done<std::optional<Tweet>> done) {
  database_.insert_tweet(user_id, std::move(content), request_id,
                         [this, done = std::move(done)](Result<std::optional<Tweet>> tweet) mutable {
                           if (tweet && *tweet) forget((*tweet)->id);  // a negative entry may exist for its id
                           done(std::move(tweet));
                         });
}

void TweetStore::update(int64_t id, int64_t user_id, std::string content, const std::string& request_id,
                        Done<Change> done) {
  database_.update_tweet(id, user_id, std::move(content), request_id,
                         [this, id, done = std::move(done)](Result<Change> change) mutable {
                           forget(id);
                           done(std::move(change));
                         });
}

void TweetStore::remove(int64_t id, int64_t user_id, const std::string& request_id, Done<Change> done) {
  database_.delete_tweet(id, user_id, request_id, [this, id, done = std::move(done)](Result<Change> change) mutable {
    forget(id);
    done(std::move(change));
  });
}

Reading<TweetPage> TweetStore::newest(int64_t id, Reading<TweetPage> known) {
  auto found = kept(id);
  return found && !found->value->absent() ? std::move(*found) : std::move(known);
}

std::optional<Reading<TweetPage>> TweetStore::last_read(int64_t id) const {
  const auto found = last_read_.find(id);
  return found == last_read_.end() ? std::nullopt : std::optional(found->second);
}

void TweetStore::forget(int64_t id) {
  last_read_.erase(id);
  cache_.invalidate(tweet_key(id));
  cache_.invalidate_lists();
  on_written_(id);
}

void TweetStore::on_likes_applied(std::span<const int64_t> ids) {
  for (const int64_t id : ids) {
    if (auto read = kept(id); read && !read->value->absent()) {
      if (last_read_.size() >= kMaxLastRead) last_read_.clear();
      last_read_.insert_or_assign(id, std::move(*read));
    }
    cache_.invalidate(tweet_key(id));
  }
  cache_.invalidate_lists();
}

}  // namespace roost::api
