#pragma once

#include <memory>
#include <utility>

#include "common/service/answer.h"
#include "common/service/request.h"

namespace roost::service {

/// A request that waits for its answer; made by the server, owned by the Reply.
class PendingRequest {
 public:
  virtual ~PendingRequest() = default;
  virtual const Request& request() const = 0;
  /// Takes the answer, once, and its own ownership (`self` is this object).
  virtual void answer(Answer answer, std::unique_ptr<PendingRequest> self) = 0;
};

/// The duty to answer one request: moved to where the answer will be known. One that is destroyed unanswered answers
/// 500. Loop thread only.
class Reply {
 public:
  explicit Reply(std::unique_ptr<PendingRequest> pending) : pending_(std::move(pending)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  /// Once. The request must not be used afterwards.
  void send(Answer answer);
  const Request& request() const { return pending_->request(); }

 private:
  std::unique_ptr<PendingRequest> pending_;
};

}  // namespace roost::service
