#pragma once

#include <optional>
#include <utility>

#include "api/http/cors.h"
#include "common/service/request_guard.h"

namespace roost::api {

/// Refuses requests that change something and that a page of another origin made a browser send, unless its origin is
/// configured ([api] cors_origins): a like needs no token and no preflight, so any page could send it with its
/// visitors' addresses. Programs, which send neither Origin nor Sec-Fetch-Site, are not concerned.
class OriginGuard final : public service::RequestGuard {
 public:
  explicit OriginGuard(Cors cors) : cors_(std::move(cors)) {}
  /// 403, or nothing.
  std::optional<service::Answer> refuse(const service::Request& request) const override;

 private:
  const Cors cors_;
};

}  // namespace roost::api
