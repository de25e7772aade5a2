#pragma once

#include <cstdint>
#include <string_view>

#include "api/db/postgres/pg_statement.h"

namespace roost::api {

/// The first statement of every session that is ours alone. Statements end in time; a commit that was confirmed
/// outlives the server's death even where the server's default is weaker; and the server notices within half a minute
/// when the host at this end is gone, however little it was told of a transaction, and lets go of its locks. What a
/// server does not know is left out.
extern const PgStatement kPrepareSession;

/// Its parameters. `name` is shown in pg_stat_activity.
PgParams session_settings(int64_t statement_timeout_ms, std::string_view name);

}  // namespace roost::api
