#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <fmt/core.h>

#include "api/db/postgres/pg_params.h"
#include "api/db/postgres/pg_rows.h"
#include "common/base/task.h"

namespace roost::api {

/// An SQL statement. The objects are constants: a connection identifies them by address.
struct PgStatement {
  enum class Plan : uint8_t {
    kept,   ///< prepared at its first use on a connection
    fresh,  ///< planned each time, where the best plan depends on the values
  };
  const char* sql;
  bool reads = false;  ///< changes nothing: may be repeated, and sent to a replica
  Plan plan = Plan::kept;
};

/// The name under which a statement is prepared.
inline std::string pg_statement_name(const PgStatement& statement) {
  return fmt::format("roost_{:x}", reinterpret_cast<uintptr_t>(&statement));
}

using PgDone = UniqueFunction<void(PgResult<PgRows>)>;

/// A statement with its parameters, deadline and receiver. One job is one transaction and one round trip.
struct PgJob {
  const PgStatement* statement = nullptr;
  PgParams params;
  /// Sent first, in the same transaction, to take locks: `statement`, whose snapshot is newer, then sees what the
  /// former holders have committed. Null for none.
  const PgStatement* lock = nullptr;
  PgParams lock_params;
  int64_t deadline_ms = 0;  ///< loop time; covers queueing and repetitions
  int attempts = 0;
  bool stays = false;  ///< about the server it is sent to: not sent to another one
  PgDone done;
};
using PgJobPtr = std::unique_ptr<PgJob>;

}  // namespace roost::api
