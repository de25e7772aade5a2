#pragma once

#include <cstdint>

#include "api/db/postgres/pg_session.h"
#include "common/base/result.h"

namespace roost::api {

/// The version of the schema in PostgreSQL this program works with.
int64_t pg_schema_version();

/// Brings a PostgreSQL database to pg_schema_version(): each missing migration once, all in one transaction under an
/// advisory lock, so that workers that start together do it once and none fails. A database that is newer is an error
/// that is not retryable: a newer program wrote it. Blocks, a minute at most where there is something to do.
Result<void> pg_migrate(PgSession& session);

}  // namespace roost::api
