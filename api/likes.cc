#include "api/likes.h"

#include <memory>
#include <utility>

#include <fmt/core.h>

#include "api/cache_groups.h"
#include "api/input.h"

namespace roost::api {

void Likes::add_to(Routes& routes) {
  const auto like_it = [this](Request& request, Reply reply) { like(request, std::move(reply)); };
  routes.add(http::Method::post, "/like/{id}", like_it);
  routes.add(http::Method::post, "/api/tweets/{id}/like", like_it);
  routes.add(http::Method::get, "/like/{id}",
             [this](Request& request, Reply reply) { show(request, std::move(reply)); });
}

Answer Likes::failure(const Error& error) {
  events_.warning("database", {{"error", error.what}});
  return problem_of(error);
}

void Likes::like(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  // While the database is away, what was read before does, and nobody waits for the next read to fail.
  if (clock_.monotonic_ms() < away_until_ms_) {
    if (auto known = store_.last_read(*id)) return queue(*id, std::move(*known), std::move(reply));
  }
  store_.tweet(*id, DbCache::Use::cached, request.request_id,
               [this, id = *id, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 if (!reading && reading.error().retryable) {
                   away_until_ms_ = clock_.monotonic_ms() + kAwayMs;
                   if (auto known = store_.last_read(id)) reading = std::move(*known);
                 }
                 if (!reading) return reply.send(failure(reading.error()));
                 if (reading->value->absent())
                   return reply.send(not_found(reply.request().method, "There is no such tweet."));
                 queue(id, std::move(*reading), std::move(reply));
               });
}

void Likes::queue(int64_t id, Reading<TweetPage> reading, Reply reply) {
  // Shared, since a refusal must find the reply where it left it.
  auto waiting = std::make_shared<Reply>(std::move(reply));
  batcher::Batcher::Done done = [this, id, reading, waiting](Result<batcher::Accepted> accepted) mutable {
    if (!accepted) return waiting->send(problem_of(accepted.error()));
    // The count may have been loaded anew while the like was being written; an older one would miss applied batches.
    const Reading<TweetPage> newest = store_.newest(id, std::move(reading));
    const int64_t likes = store_.likes_here(*newest.value, newest.value->tweets.front());
    waiting->send(
        uncached_json(202, fmt::format(R"({{"status":"queued","id":{},"likes":{},"cached":{}}})", id, likes, likes)));
  };
  if (auto added = batcher_.add(id, 1, std::move(done)); !added) waiting->send(problem_of(added.error()));
}

void Likes::show(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  const auto use = request.no_cache ? DbCache::Use::bypass : DbCache::Use::cached;
  store_.tweet(*id, use, request.request_id,
               [this, id = *id, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 if (!reading) return reply.send(failure(reading.error()));
                 if (reading->value->absent())
                   return reply.send(not_found(reply.request().method, "There is no such tweet."));
                 const int64_t likes = reading->value->tweets.front().likes;
                 Answer answer = public_answer(fmt::format(R"({{"id":{},"likes":{}}})", id, likes), kJson,
                                               age_on_arrival_ms(reply.request(), reading->loaded_at_ms, clock_),
                                               reply.request().if_none_match);
                 answer.fields.add("Cache-Groups", tweet_groups(*reading->value));
                 reply.send(std::move(answer));
               });
}

}  // namespace roost::api
