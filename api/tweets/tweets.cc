#include "api/tweets/tweets.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/db/hashtags.h"
#include "api/db/words.h"
#include "api/http/cache_groups.h"
#include "api/http/failure.h"
#include "api/http/request_input.h"
#include "api/tweets/tweet_json.h"

namespace roost::api {
namespace {

std::string tweet_body(const Tweet& tweet, int64_t likes) {
  std::string body;
  append_tweet(body, tweet, likes);
  return body;
}

}  // namespace

void Tweets::add_to(Router& router) {
  const auto add = [&](http::Method method, std::string_view pattern, void (Tweets::*action)(Request&, Reply)) {
    router.add(method, pattern,
               [this, action](Request& request, Reply reply) { (this->*action)(request, std::move(reply)); });
  };
  using http::Method;
  add(Method::get, "/api/tweets", &Tweets::list);
  add(Method::post, "/api/tweets", &Tweets::create);
  add(Method::get, "/api/tweets/hashtag/search", &Tweets::list_of_hashtag);
  add(Method::get, "/api/tweets/search", &Tweets::list_of_words);
  add(Method::get, "/api/tweets/{id}", &Tweets::show);
  add(Method::patch, "/api/tweets/{id}", &Tweets::change);
  add(Method::delete_, "/api/tweets/{id}", &Tweets::remove);
  add(Method::get, "/api/users/{id}/tweets", &Tweets::list_of_user);
}

TweetStore::PageDone Tweets::answer_list(Reply reply, ListRange range, Shape shape) {
  return [this, reply = std::move(reply), range, shape](Result<Reading<TweetPage>> reading) mutable {
    if (!reading) return reply.send(failure(events_, reading.error()));
    const TweetPage& page = *reading->value;
    std::string body = shape == Shape::array ? "[" : "{\"tweets\":[";
    for (const Tweet& tweet : page.tweets) {
      if (&tweet != &page.tweets.front()) body += ',';
      append_tweet(body, tweet, tweet.likes);
    }
    body += shape == Shape::array ? "]" : "]}";
    const Request& request = reply.request();
    Answer answer = public_answer(std::move(body), kJson, age_on_arrival_ms(request, reading->loaded_at_ms, clock_),
                                  request.if_none_match);
    answer.fields.add("Cache-Groups", list_groups(page));
    if (page.more) answer.fields.add("Link", next_link(request, range, page.tweets.back().id));
    reply.send(std::move(answer));
  };
}

void Tweets::list(Request& request, Reply reply) {
  const auto range = read_range(request);
  if (!range) return reply.send(range.error());
  const auto use = use_of(request);
  store_.timeline(*range, use, request.request_id, answer_list(std::move(reply), *range, Shape::array));
}

void Tweets::list_of_user(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  const auto range = read_range(request);
  if (!range) return reply.send(range.error());
  store_.user_tweets(*id, *range, use_of(request), request.request_id,
                     answer_list(std::move(reply), *range, Shape::object));
}

void Tweets::list_of_hashtag(Request& request, Reply reply) {
  auto tag = read_parameter(request, "query", kMaxHashtagBytes + 1);
  if (!tag) return reply.send(tag.error());
  if (tag->starts_with('#')) tag->erase(0, 1);
  const auto range = read_range(request);
  if (!range) return reply.send(range.error());
  store_.hashtag_tweets(*tag, *range, use_of(request), request.request_id,
                        answer_list(std::move(reply), *range, Shape::array));
}

void Tweets::list_of_words(Request& request, Reply reply) {
  auto query = read_parameter(request, "query", kMaxQueryBytes);
  if (!query) return reply.send(query.error());
  const auto range = read_range(request);
  if (!range) return reply.send(range.error());
  std::vector<std::string> words = extract_words(*query);
  if (words.empty())  // punctuation only: matches no tweet
    return reply.send(public_answer("[]", kJson, 0, request.if_none_match));
  words.resize(std::min(words.size(), kMaxSearchWords));
  const auto use = use_of(request);
  const std::string request_id = request.request_id;
  store_.word_tweets(std::move(words), *range, use, request_id, answer_list(std::move(reply), *range, Shape::array));
}

Answer Tweets::tweet_answer(const Reading<TweetPage>& reading, const Request& request) const {
  if (reading.value->absent()) return not_found(request.method, "There is no such tweet.");
  const Tweet& tweet = reading.value->tweets.front();
  Answer answer = public_answer(tweet_body(tweet, tweet.likes), kJson,
                                age_on_arrival_ms(request, reading.loaded_at_ms, clock_), request.if_none_match);
  answer.fields.add("Cache-Groups", tweet_groups(*reading.value));
  return answer;
}

void Tweets::show(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  store_.tweet(*id, use_of(request), request.request_id,
               [this, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 reply.send(reading ? tweet_answer(*reading, reply.request()) : failure(events_, reading.error()));
               });
}

void Tweets::create(Request& request, Reply reply) {
  const auto author = authentication_.user_id(request);
  if (!author) return reply.send(author.error());
  auto content = read_content(request, kMaxCharacters);
  if (!content) return reply.send(content.error());
  const std::string request_id = request.request_id;
  store_.insert(*author, std::move(*content), request_id,
                [this, reply = std::move(reply)](Result<std::optional<Tweet>> inserted) mutable {
                  if (!inserted) return reply.send(failure(events_, inserted.error()));
                  if (!*inserted) return reply.send(account_is_gone());
                  const Tweet& tweet = **inserted;
                  Answer answer = uncached_json(201, tweet_body(tweet, tweet.likes));
                  answer.fields.add("Location", fmt::format("/api/tweets/{}", tweet.id));
                  answer.fields.add("Cache-Group-Invalidation", tweet_change_groups(tweet.id));
                  reply.send(std::move(answer));
                });
}

void Tweets::change(Request& request, Reply reply) {
  const auto author = authentication_.user_id(request);
  if (!author) return reply.send(author.error());
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  auto content = read_content(request, kMaxCharacters);
  if (!content) return reply.send(content.error());
  const std::string request_id = request.request_id;
  store_.update(*id, *author, std::move(*content), request_id,
                [this, id = *id, reply = std::move(reply)](Result<Change> made) mutable {
                  if (!made) return reply.send(failure(events_, made.error()));
                  if (*made != Change::made) return refuse_change(*made, std::move(reply));
                  show_changed(id, std::move(reply));
                });
}

void Tweets::show_changed(int64_t id, Reply reply) {
  const std::string request_id = reply.request().request_id;
  store_.tweet(id, DbCache::Use::cached, request_id,
               [this, id, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 if (!reading) return reply.send(failure(events_, reading.error()));
                 if (reading->value->absent())
                   return reply.send(not_found(reply.request().method, "There is no such tweet."));
                 const Tweet& tweet = reading->value->tweets.front();
                 Answer answer = uncached_json(200, tweet_body(tweet, tweet.likes));
                 answer.fields.add("Cache-Group-Invalidation", tweet_change_groups(id));
                 reply.send(std::move(answer));
               });
}

void Tweets::remove(Request& request, Reply reply) {
  const auto author = authentication_.user_id(request);
  if (!author) return reply.send(author.error());
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  const std::string request_id = request.request_id;
  store_.remove(*id, *author, request_id, [this, id = *id, reply = std::move(reply)](Result<Change> made) mutable {
    if (!made) return reply.send(failure(events_, made.error()));
    if (*made != Change::made) return refuse_change(*made, std::move(reply));
    Answer answer = uncached_json(200, R"({"message":"The tweet was deleted."})");
    answer.fields.add("Cache-Group-Invalidation", tweet_change_groups(id));
    reply.send(std::move(answer));
  });
}

/// The token of a deleted account, which has no tweets any more, ends up here too and is answered 401.
void Tweets::refuse_change(Change change, Reply reply) {
  authentication_.with_account(std::move(reply), [change](const User&, Reply to) {
    if (change == Change::not_owner) return to.send(problem(403, "This tweet belongs to another user."));
    to.send(not_found(to.request().method, "There is no such tweet."));
  });
}

}  // namespace roost::api
