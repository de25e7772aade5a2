#pragma once

#include <cstdint>
#include <string_view>

#include "api/db/postgres/pg_statement.h"

namespace roost::api {

/// The first statement of every session that is not shared through a pooler. It limits the time of statements, makes
/// confirmed commits survive a crash even if the server's default is weaker, and lets the server notice within half a
/// minute that this host is gone, in the middle of a transaction too, and release its locks. Settings that a server
/// does not know are left out.
extern const PgStatement kPrepareSession;

/// Its parameters. `name` is shown in pg_stat_activity.
PgParams session_settings(int64_t statement_timeout_ms, std::string_view name);

}  // namespace roost::api
