#pragma once

#include <string_view>

#include "common/service/answer.h"
#include "common/service/request.h"

namespace roost::service {

/// What follows "Bearer " in Authorization (RFC 6750 §2.1); empty when the request carries no bearer token.
std::string_view bearer_token(const Request& request);

/// Whether two secrets are equal, in a time that does not depend on where they differ.
bool is_same_secret(std::string_view a, std::string_view b);

/// 401 with `WWW-Authenticate: Bearer`.
Answer bearer_token_needed(std::string_view detail);

}  // namespace roost::service
