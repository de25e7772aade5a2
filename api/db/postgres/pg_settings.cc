#include "api/db/postgres/pg_settings.h"

#include <string>

namespace roost::api {

const PgStatement kPrepareSession{
    "SELECT set_config(s.name, v.value, false) FROM (VALUES ('statement_timeout', $1::text), "
    "('application_name', $2::text), ('synchronous_commit', 'on'), ('tcp_keepalives_idle', '10'), "
    "('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3')) AS v(name, value) "
    "JOIN pg_settings s ON s.name = v.name WHERE s.name <> 'synchronous_commit' OR s.setting = 'off'",
    true, PgStatement::Plan::fresh};

PgParams session_settings(int64_t statement_timeout_ms, std::string_view name) {
  PgParams params;
  params.add(std::to_string(statement_timeout_ms)).add(name);
  return params;
}

}  // namespace roost::api
