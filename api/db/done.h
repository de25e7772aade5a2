#pragma once

#include <cstdint>

#include "common/base/result.h"
#include "common/base/task.h"

namespace roost::api {

/// Called with the result of a database operation.
template <class T>
using Done = UniqueFunction<void(Result<T>)>;

/// Result of a change that only the owner may make.
enum class Change : uint8_t { made, not_found, not_owner };

/// What became of a new tweet: the author may be gone, though the token still holds.
enum class Posting : uint8_t { made, no_author };

}  // namespace roost::api
