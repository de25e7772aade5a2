#include "api/tweets/likes.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/compile.h>
#include <xxhash.h>

#include "api/http/cache_groups.h"
#include "api/http/failure.h"
#include "api/http/request_input.h"

namespace roost::api {

void Likes::add_to(Router& router) {
  const auto like_it = [this](Request& request, Reply reply) { like(request, std::move(reply)); };
  router.add(http::Method::post, "/like/{id}", like_it);
  router.add(http::Method::post, "/api/tweets/{id}/like", like_it);
  router.add(http::Method::get, "/like/{id}",
             [this](Request& request, Reply reply) { show(request, std::move(reply)); });
}

/// The key is hashed to 128 bits together with the tweet's id: the same key for another tweet is another like.
Input<Likes::Wish> Likes::read_wish(const Request& request) {
  const auto id = read_id(request);
  if (!id) return tl::unexpected<Answer>(id.error());
  Wish wish{*id, std::nullopt};
  if (!request.idempotency_key) return wish;
  const std::string& key = *request.idempotency_key;
  const bool is_visible = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (key.empty() || key.size() > kMaxKeyBytes || !is_visible) {
    return wrong_input("Idempotency-Key",
                       fmt::format("expected one line of 1 to {} visible ASCII characters", kMaxKeyBytes));
  }
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), static_cast<uint64_t>(*id));
  wish.token = batcher::LikeToken{hash.high64, hash.low64};
  return wish;
}

void Likes::like(Request& request, Reply reply) {
  const auto wish = read_wish(request);
  if (!wish) return reply.send(wish.error());
  if (const int64_t wait_ms = limit_.attempt(request, clock_.monotonic_ms()); wait_ms > 0) {
    limited_.add();
    return reply.send(too_many_requests("Too many likes from this address. Wait before the next one.", wait_ms));
  }
  // While the database is away, the last reading is used instead of waiting for the next read to fail.
  if (clock_.monotonic_ms() < away_until_ms_) {
    if (auto known = store_.last_read(wish->id)) return queue(*wish, std::move(*known), std::move(reply));
  }
  // The usual case: in the cache, without a callback.
  if (auto kept = store_.kept(wish->id)) return queue_if_there(*wish, std::move(*kept), std::move(reply));
  store_.tweet(wish->id, DbCache::Use::cached, request.request_id,
               [this, wish = *wish, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 if (!reading && reading.error().retryable) {
                   away_until_ms_ = clock_.monotonic_ms() + kAwayMs;
                   if (auto known = store_.last_read(wish.id)) reading = std::move(*known);
                 }
                 if (!reading) return reply.send(failure(events_, reading.error()));
                 queue_if_there(wish, std::move(*reading), std::move(reply));
               });
}

void Likes::queue_if_there(const Wish& wish, Reading<TweetPage> reading, Reply reply) {
  if (reading.value->absent()) return reply.send(not_found(reply.request().method, "There is no such tweet."));
  queue(wish, std::move(reading), std::move(reply));
}

Answer Likes::queued(int64_t id, Reading<TweetPage> reading) const {
  // The count may have been reloaded while the like was being written; an older one would miss applied batches.
  const Reading<TweetPage> newest = store_.newest(id, std::move(reading));
  const int64_t likes = store_.likes_here(*newest.value, newest.value->tweets.front());
  fmt::memory_buffer body;
  fmt::format_to(fmt::appender(body), FMT_COMPILE(R"({{"status":"queued","id":{},"likes":{},"cached":{}}})"), id, likes,
                 likes);
  return uncached_json(202, fmt::to_string(body));
}

void Likes::queue(const Wish& wish, Reading<TweetPage> reading, Reply reply) {
  if (wish.token) return queue_once(wish, std::move(reading), std::move(reply));
  batcher::Batcher::Done done = [this, id = wish.id, reading = std::move(reading),
                                 reply = std::move(reply)](Result<batcher::Accepted> accepted) mutable {
    reply.send(accepted ? queued(id, std::move(reading)) : problem_of(accepted.error()));
  };
  // A refusal does not move from `done`, which still holds the reply.
  if (auto added = batcher_.add(wish.id, 1, std::move(done)); !added) done(tl::unexpected<Error>(added.error()));
}

void Likes::queue_once(const Wish& wish, Reading<TweetPage> reading, Reply reply) {
  // Shared, since a known like does not run `done`, and is answered here.
  auto waiting = std::make_shared<Reply>(std::move(reply));
  batcher::Batcher::Done done = [this, id = wish.id, reading, waiting](Result<batcher::Accepted> accepted) mutable {
    waiting->send(accepted ? queued(id, std::move(reading)) : problem_of(accepted.error()));
  };
  const auto added = batcher_.add_once(wish.id, *wish.token, std::move(done));
  if (!added) return waiting->send(problem_of(added.error()));
  if (*added == batcher::Added::waiting) return;
  Answer answer = queued(wish.id, std::move(reading));
  answer.fields.add("Idempotent-Replayed", "true");
  waiting->send(std::move(answer));
}

void Likes::show(Request& request, Reply reply) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  store_.tweet(*id, use_of(request), request.request_id,
               [this, id = *id, reply = std::move(reply)](Result<Reading<TweetPage>> reading) mutable {
                 if (!reading) return reply.send(failure(events_, reading.error()));
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
