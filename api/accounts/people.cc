#include "api/accounts/people.h"

#include <utility>

#include <fmt/core.h>

#include "api/accounts/user_json.h"
#include "api/http/cache_groups.h"
#include "api/http/failure.h"
#include "api/http/request_input.h"

namespace roost::api {

void People::add_to(Router& router) {
  using http::Method;
  router.add(Method::get, "/api/users", [this](Request& request, Reply reply) { list(request, std::move(reply)); });
  router.add(Method::get, "/api/users/search",
             [this](Request& request, Reply reply) { search(request, std::move(reply)); });
  router.add(Method::get, "/api/users/{id}/followers/count",
             [this](Request& request, Reply reply) { count(request, std::move(reply), FollowSide::followers); });
  router.add(Method::get, "/api/users/{id}/following/count",
             [this](Request& request, Reply reply) { count(request, std::move(reply), FollowSide::following); });
}

void People::list(Request& request, Reply reply) {
  const auto range = read_range(request);
  if (!range) return reply.send(range.error());
  const auto use = use_of(request);
  const std::string request_id = request.request_id;
  users_.users(*range, use, request_id,
               [this, range = *range, reply = std::move(reply)](Result<Reading<UserPage>> reading) mutable {
                 if (!reading) return reply.send(failure(events_, reading.error()));
                 const UserPage& page = *reading->value;
                 std::string body = fmt::format(R"({{"count":{},"users":[)", page.users.size());
                 for (const User& user : page.users) {
                   body += &user == &page.users.front() ? "{" : ",{";
                   append_public_fields(body, user);
                   body += '}';
                 }
                 body += "]}";
                 const Request& asked = reply.request();
                 Answer answer =
                     public_answer(std::move(body), kJson, age_on_arrival_ms(asked, reading->loaded_at_ms, clock_),
                                   asked.if_none_match);
                 answer.fields.add("Cache-Groups", user_groups(page));
                 if (page.more) answer.fields.add("Link", next_link(asked, range, page.users.back().id));
                 reply.send(std::move(answer));
               });
}

void People::search(Request& request, Reply reply) {
  auto query = read_parameter(request, "q", kMaxQueryBytes);
  if (!query) return reply.send(query.error());
  if (query->starts_with('@')) query->erase(0, 1);
  const auto use = use_of(request);
  const std::string request_id = request.request_id;
  users_.search(*query, use, request_id, [this, reply = std::move(reply)](Result<Reading<UserPage>> reading) mutable {
    if (!reading) return reply.send(failure(events_, reading.error()));
    if (reading->value->absent())
      return reply.send(not_found(reply.request().method, "Nobody of that name was found."));
    Answer answer =
        public_answer(fmt::format(R"({{"user":{}}})", profile_json(reading->value->users.front())), kJson,
                      age_on_arrival_ms(reply.request(), reading->loaded_at_ms, clock_), reply.request().if_none_match);
    answer.fields.add("Cache-Groups", user_groups(*reading->value));
    reply.send(std::move(answer));
  });
}

void People::count(Request& request, Reply reply, FollowSide side) {
  const auto id = read_id(request);
  if (!id) return reply.send(id.error());
  const auto use = use_of(request);
  const std::string request_id = request.request_id;
  users_.profile(*id, use, request_id,
                 [this, side, reply = std::move(reply)](Result<Reading<UserPage>> reading) mutable {
                   if (!reading) return reply.send(failure(events_, reading.error()));
                   if (reading->value->absent())
                     return reply.send(not_found(reply.request().method, "There is no such user."));
                   const User& user = reading->value->users.front();
                   const int64_t number = side == FollowSide::followers ? user.followers : user.following;
                   Answer answer = public_answer(fmt::format(R"({{"count":{}}})", number), kJson,
                                                 age_on_arrival_ms(reply.request(), reading->loaded_at_ms, clock_),
                                                 reply.request().if_none_match);
                   answer.fields.add("Cache-Groups", user_groups(*reading->value));
                   reply.send(std::move(answer));
                 });
}

}  // namespace roost::api
