#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"

namespace roost::api {

/// The one user who writes and likes as long as there are no accounts.
constexpr int64_t kDemoUserId = 1;

/// Makes sure that the demo user is there.
Result<void> ensure_demo_user(const std::string& database_path, int64_t now_ms);

/// Fills a database without tweets with sample users and tweets; leaves any other alone. Safe when several workers do
/// it at the same time.
Result<void> add_demo_content(const std::string& database_path, int64_t now_ms);

}  // namespace roost::api
