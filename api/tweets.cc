#include "api/tweets.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/db/demo.h"
#include "api/db/hashtags.h"
#include "api/input.h"
#include "api/tweet_json.h"

namespace roost::api {
namespace {

DbCache::Use use_of(const Request& request) {
  return request.no_cache ? DbCache::Use::bypass : DbCache::Use::cached;
}

/// `rel="next"` (RFC 8288): the same path, from the last tweet on.
std::string next_link(const Request& request, ListRange range, const TweetPage& page) {
  std::string others;  // parameters that are not about the range stay as they were
  std::string_view rest = request.query_text;
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!pair.starts_with("limit=") && !pair.starts_with("before=") && !pair.empty()) others += std::string(pair) + "&";
  }
  return fmt::format("<{}?{}limit={}&before={}>; rel=\"next\"", request.path, others, range.limit,
                     page.tweets.back().id);
}

std::string tweet_body(const Tweet& tweet, int64_t likes) {
  std::string body;
  append_tweet(body, tweet, likes);
  return body;
}

}  // namespace

void Tweets::add_to(Routes& routes) {
  const auto add = [&](http::Method method, std::string_view pattern, void (Tweets::*action)(Request&, Reply)) {
    routes.add(method, pattern,
               [this, action](Request& request, Reply reply) { (this->*action)(request, std::move(reply)); });
  };
  using http::Method;
  add(Method::get, "/api/tweets", &Tweets::list);
  add(Method::post, "/api/tweets", &Tweets::create);
  add(Method::get, "/api/tweets/hashtag/search", &Tweets::list_of_hashtag);
  add(Method::get, "/api/tweets/{id}", &Tweets::show);
  add(Method::patch, "/api/tweets/{id}", &Tweets::change);
  add(Method::delete_, "/api/tweets/{id}", &Tweets::remove);
  add(Method::get, "/api/users/{id}/tweets", &Tweets::list_of_user);
}

Answer Tweets::failure(const Error& error) {
  events_.warning("database", {{"error", error.what}});
  return problem_of(error);
}

TweetStore::PageDone Tweets::answer_list(Reply reply, ListRange range, Shape shape) {
  return [this, reply = std::move(reply), range, shape](Result<Reading<TweetPage>> reading) mutable {
    if (!reading) return reply.send(failure(reading.error()));
    const TweetPage& page = *reading->value;
    std::string body = shape == Shape::array ? "[" : "{\"tweets\":[";
    for (const Tweet& tweet : page.tweets) {
      if (&tweet != &page.tweets.front()) body += ',';
      append_tweet(body, tweet, store_.likes(page, tweet));
    }
    body += shape == Shape::array ? "]" : "]}";
    const Request& request = reply.request();
    Answer answer =
        public_answer(std::move(body), kJson, clock_.monotonic_ms() - reading->loaded_at_ms, request.if_none_match);
    if (page.more) answer.fields.add("Link", next_link(request, range, page));
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

Answer Tweets::tweet_answer(const Reading<TweetPage>& reading, const Request& request) const {
  if (reading.value->absent()) return not_found(request.method, "There is no such tweet.");
  const Tweet& tweet = reading.value->tweets.front();
  return public_answer(tweet_body(tweet, store_.likes(*reading.value, tweet)), kJson,
                       clock_.monotonic_ms() - reading.loaded_at_ms, request.if_none_match);
}

void Tweets::show(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  store_.tweet(*id, use_of(request), request.request_id,
               [this, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 reply.send(reading ? tweet_answer(*reading, reply.request()) : failure(reading.error()));
               });
}

void Tweets::create(Request& request, Reply reply) {
  auto content = read_content(request, kMaxCharacters);
  if (!content) return reply.send(content.error());
  store_.insert(kDemoUserId, std::move(*content), request.request_id,
                [this, reply = std::move(reply)](Result<std::optional<Tweet>> inserted) mutable {
                  if (!inserted) return reply.send(failure(inserted.error()));
                  if (!*inserted) return reply.send(problem(401, "There is no such account any more."));
                  const Tweet& tweet = **inserted;
                  Answer answer = uncached_json(201, tweet_body(tweet, tweet.likes));
                  answer.fields.add("Location", fmt::format("/api/tweets/{}", tweet.id));
                  reply.send(std::move(answer));
                });
}

void Tweets::change(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  auto content = read_content(request, kMaxCharacters);
  if (!content) return reply.send(content.error());
  auto show_it = [this, id = *id](Reply to) {
    const std::string request_id = to.request().request_id;
    store_.tweet(id, DbCache::Use::cached, request_id,
                 [this, to = std::move(to)](Result<Reading<TweetPage>> reading) mutable {
                   if (!reading) return to.send(failure(reading.error()));
                   if (reading->value->absent())
                     return to.send(not_found(to.request().method, "There is no such tweet."));
                   const Tweet& tweet = reading->value->tweets.front();
                   to.send(uncached_json(200, tweet_body(tweet, store_.likes(*reading->value, tweet))));
                 });
  };
  store_.update(*id, kDemoUserId, std::move(*content), request.request_id,
                [this, show_it, reply = std::move(reply)](Result<Change> made) mutable {
                  if (!made) return reply.send(failure(made.error()));
                  if (*made == Change::not_found)
                    return reply.send(not_found(reply.request().method, "There is no such tweet."));
                  if (*made == Change::not_owner) return reply.send(problem(403, "This tweet is somebody else's."));
                  show_it(std::move(reply));
                });
}

void Tweets::remove(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  store_.remove(*id, kDemoUserId, request.request_id, [this, reply = std::move(reply)](Result<Change> made) mutable {
    if (!made) return reply.send(failure(made.error()));
    if (*made == Change::not_found) return reply.send(not_found(reply.request().method, "There is no such tweet."));
    if (*made == Change::not_owner) return reply.send(problem(403, "This tweet is somebody else's."));
    reply.send(uncached_json(200, R"({"message":"The tweet was deleted."})"));
  });
}

}  // namespace roost::api
