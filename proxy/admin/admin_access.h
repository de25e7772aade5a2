#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/service/request_guard.h"

namespace roost::proxy {

/// Who may use the admin listener, besides who can reach it:
///
///  - Host is an address, localhost, or one of `hosts`, else 421: a page whose name was made to resolve to this host
///    (DNS rebinding) is asked by that name. Not for PURGE, whose Host names what is purged;
///  - no page of another origin made the browser send it, else 403; a link that is followed may be;
///  - Authorization carries the token, if there is one, else 401.
///
/// GET /healthz is for everybody. Immutable; any thread.
class AdminAccess final : public service::RequestGuard {
 public:
  struct Rules {
    std::vector<std::string> hosts;
    std::string token;  ///< empty: none is asked for
  };
  explicit AdminAccess(Rules rules) : rules_(std::move(rules)) {}
  std::optional<service::Answer> refuse(const service::Request& request) const override;

 private:
  bool is_own_host(std::string_view host) const;

  const Rules rules_;
};

}  // namespace roost::proxy
