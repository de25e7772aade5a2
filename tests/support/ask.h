#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/service/router.h"

namespace roost::service {

/// Takes the answer for a test.
class AnswerSlot final : public PendingRequest {
 public:
  AnswerSlot(const Request& request, Answer& target) : request_(request), target_(target) {}
  const Request& request() const override { return request_; }
  void answer(Answer answer, std::unique_ptr<PendingRequest>) override { target_ = std::move(answer); }

 private:
  const Request& request_;
  Answer& target_;
};

/// What a router answers at once to a request for `target` ("/path?query"); status 0 when it does not.
inline Answer ask(const Router& router, http::Method method, std::string_view target,
                  std::string_view authority = "example.org") {
  Request request;
  request.method = method;
  request.method_text = "METHOD";
  request.authority = authority;
  request.path = target.substr(0, target.find('?'));
  request.has_query = request.path.size() < target.size();
  if (request.has_query) request.query_text = target.substr(request.path.size() + 1);
  Answer answer;
  answer.status = 0;
  router.dispatch(request, Reply(std::make_unique<AnswerSlot>(request, answer)));
  return answer;
}

inline bool has_field(const Answer& answer, std::string_view name, std::string_view value) {
  for (const http::Field& field : answer.fields) {
    if (field.name == name && field.value == value) return true;
  }
  return false;
}

}  // namespace roost::service
