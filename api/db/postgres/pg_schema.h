#pragma once

#include <cstdint>

#include "api/db/postgres/pg_session.h"
#include "common/base/result.h"

namespace roost::api {

/// The schema version of this program.
int64_t pg_schema_version();

/// Migrates a PostgreSQL database to pg_schema_version(): all missing migrations in one transaction under an advisory
/// lock, so that of workers that start together one migrates and none fails. A newer schema is an error that is not
/// retryable. Blocks, for at most a minute when there is something to migrate.
Result<void> pg_migrate(PgSession& session);

}  // namespace roost::api
