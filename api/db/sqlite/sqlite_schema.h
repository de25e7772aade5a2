#pragma once

#include <cstdint>

#include "api/db/sqlite/sqlite_connection.h"
#include "common/base/result.h"

namespace roost::api {

/// The schema version of this program.
int64_t schema_version();

/// Migrates a SQLite database to schema_version(): all missing migrations in one transaction under the write lock, so
/// that of workers that start together one migrates. A newer schema is an error. `connection` is in Mode::write.
Result<void> migrate(SqliteConnection& connection);

}  // namespace roost::api
