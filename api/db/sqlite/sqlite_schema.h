#pragma once

#include <cstdint>

#include "api/db/sqlite/sqlite_connection.h"
#include "common/base/result.h"

namespace roost::api {

/// The version of the schema this program works with.
int64_t schema_version();

/// Brings an SQLite database to schema_version(): each missing migration once, all in one transaction under the write
/// lock, so that workers that start together do it once. A database that is newer is an error: it was written by a
/// newer program. `connection` is in Mode::write.
Result<void> migrate(SqliteConnection& connection);

}  // namespace roost::api
