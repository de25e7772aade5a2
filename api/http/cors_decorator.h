#pragma once

#include <utility>

#include "api/http/cors.h"
#include "common/service/answer_decorator.h"
#include "common/service/router.h"

namespace roost::api {

/// CORS fields on the answers of API paths. Not on the log and the metrics: access to them depends on the address of
/// the client, and a page of another origin asks from its reader's address.
class CorsDecorator final : public service::AnswerDecorator {
 public:
  /// `router` outlives it.
  CorsDecorator(Cors cors, const service::Router& router) : cors_(std::move(cors)), router_(router) {}
  void add_fields(const service::Request& request, const service::Answer& answer, http::FieldBlock& fields) override;

 private:
  const Cors cors_;
  const service::Router& router_;
};

}  // namespace roost::api
