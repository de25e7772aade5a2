#include "api/accounts/follows.h"

#include <utility>

#include <fmt/core.h>

#include "api/accounts/user_json.h"
#include "api/http/cache_groups.h"
#include "api/http/failure.h"
#include "api/http/request_input.h"

namespace roost::api {
namespace {

Answer outcome_answer(FollowChange change, bool follows, http::Method method) {
  switch (change) {
    case FollowChange::made:
      return uncached_json(200, follows ? R"({"success":true,"message":"You follow them now."})"
                                        : R"({"success":true,"message":"You do not follow them any more."})");
    case FollowChange::unchanged:
      return problem(400, follows ? "You follow them already." : "You do not follow them.");
    case FollowChange::not_found:
      return not_found(method, "There is no such user.");
    case FollowChange::no_follower:
      break;
  }
  return account_is_gone();
}

}  // namespace

void Follows::add_to(Router& router) {
  using http::Method;
  router.add(Method::post, "/api/users/follow/{id}",
             [this](Request& request, Reply reply) { change(request, std::move(reply), Wish::follow); });
  router.add(Method::delete_, "/api/users/follow/{id}",
             [this](Request& request, Reply reply) { change(request, std::move(reply), Wish::unfollow); });
  router.add(Method::get, "/api/users/followers",
             [this](Request& request, Reply reply) { list(request, std::move(reply), FollowSide::followers); });
  router.add(Method::get, "/api/users/following",
             [this](Request& request, Reply reply) { list(request, std::move(reply), FollowSide::following); });
}

void Follows::change(Request& request, Reply reply, Wish wish) {
  const auto own_id = authentication_.user_id(request);
  if (!own_id) return reply.send(own_id.error());
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  if (*id == *own_id) return refuse_oneself(std::move(reply), wish);
  const std::string request_id = request.request_id;
  const bool follows = wish == Wish::follow;
  std::string groups = follow_groups(*own_id, *id);
  Done<FollowChange> done = [this, follows, groups = std::move(groups),
                             reply = std::move(reply)](Result<FollowChange> made) mutable {
    if (!made) return reply.send(failure(events_, made.error()));
    Answer answer = outcome_answer(*made, follows, reply.request().method);
    if (*made == FollowChange::made) answer.fields.add("Cache-Group-Invalidation", groups);
    reply.send(std::move(answer));
  };
  if (follows) return users_.follow(*own_id, *id, request_id, std::move(done));
  users_.unfollow(*own_id, *id, request_id, std::move(done));
}

void Follows::refuse_oneself(Reply reply, Wish wish) {
  authentication_.with_account(std::move(reply), [wish](const User&, Reply to) {
    to.send(problem(400, wish == Wish::follow ? "You cannot follow yourself." : "You do not follow yourself."));
  });
}

void Follows::list(Request&, Reply reply, FollowSide side) {
  authentication_.with_account(std::move(reply), [this, side](const User& account, Reply to) {
    const auto range = read_range(to.request());
    if (!range) return to.send(range.error());
    send_list(account.id, side, *range, std::move(to));
  });
}

void Follows::send_list(int64_t id, FollowSide side, ListRange range, Reply reply) {
  const std::string request_id = reply.request().request_id;
  users_.follows(id, side, range, request_id,
                 [this, side, range, reply = std::move(reply)](Result<FollowPage> page) mutable {
                   if (!page) return reply.send(failure(events_, page.error()));
                   std::string body = fmt::format(R"({{"count":{},"{}":[)", page->users.size(),
                                                  side == FollowSide::followers ? "followers" : "following");
                   for (const FollowedUser& followed : page->users) {
                     if (&followed != &page->users.front()) body += ',';
                     append_followed_user(body, followed);
                   }
                   body += "]}";
                   Answer answer = private_json(std::move(body));
                   if (page->more)
                     answer.fields.add("Link", next_link(reply.request(), range, page->users.back().user.id));
                   reply.send(std::move(answer));
                 });
}

}  // namespace roost::api
