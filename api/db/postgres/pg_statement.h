#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <fmt/core.h>

#include "api/db/postgres/pg_params.h"
#include "api/db/postgres/pg_rows.h"
#include "common/base/task.h"

namespace roost::api {

/// A statement of ours. The objects are constants: a connection tells them apart by address.
struct PgStatement {
  enum class Plan : uint8_t {
    kept,   ///< prepared at its first use on a connection
    fresh,  ///< planned each time, where the best plan depends on the values
  };
  const char* sql;
  bool reads = false;  ///< changes nothing: may be sent twice, and to a replica
  Plan plan = Plan::kept;
};

/// Under which a statement is prepared.
inline std::string pg_statement_name(const PgStatement& statement) {
  return fmt::format("roost_{:x}", reinterpret_cast<uintptr_t>(&statement));
}

using PgDone = UniqueFunction<void(PgResult<PgRows>)>;

/// A statement on its way, with all that is needed to send it again. One job is one transaction and one round trip.
struct PgJob {
  const PgStatement* statement = nullptr;
  PgParams params;
  /// Sent before, in the same transaction: takes locks, so that `statement`, whose snapshot is younger, sees what those
  /// who held them have done. Null for none.
  const PgStatement* lock = nullptr;
  PgParams lock_params;
  int64_t deadline_ms = 0;  ///< of the loop's clock, for everything: queueing, sending, sending again
  int attempts = 0;
  PgDone done;
};
using PgJobPtr = std::unique_ptr<PgJob>;

}  // namespace roost::api
