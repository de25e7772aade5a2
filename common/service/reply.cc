#include "common/service/reply.h"

#include "common/base/memory_scope.h"

namespace roost::service {

Reply::~Reply() {
  if (pending_ == nullptr) return;
  const EssentialMemory essential;
  send(problem(500, "The request was not answered."));
}

void Reply::send(Answer answer) {
  PendingRequest& pending = *pending_;
  pending.answer(std::move(answer), std::move(pending_));
}

}  // namespace roost::service
