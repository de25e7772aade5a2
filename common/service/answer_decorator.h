#pragma once

#include "common/http/field_block.h"
#include "common/service/answer.h"
#include "common/service/request.h"

namespace roost::service {

/// Adds fields to every answer of a server, whatever its route. On the server's loop thread.
class AnswerDecorator {
 public:
  /// Appends to `fields`, which are sent after those of the answer.
  virtual void add_fields(const Request& request, const Answer& answer, http::FieldBlock& fields) = 0;

 protected:
  ~AnswerDecorator() = default;
};

}  // namespace roost::service
