#pragma once

#include <functional>
#include <thread>

#include "api/db/postgres/pg_session.h"
#include "common/base/mutex.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Migrates the schema on a thread of its own, once the server can be reached; retries until then.
class PgMigration {
 public:
  using AfterMigration = std::function<Result<void>(PgSession& session)>;

  /// Calls `on_done` on its thread when the schema is current and `after`, which may be empty, has run. `events`
  /// outlives it.
  PgMigration(PgTarget target, PgSession::Limits limits, observe::EventLog& events, AfterMigration after,
              std::function<void()> on_done);
  /// Aborts the attempt under way; waits at most for the time-out of a connection attempt.
  ~PgMigration();
  PgMigration(const PgMigration&) = delete;
  PgMigration& operator=(const PgMigration&) = delete;

 private:
  void run();
  Result<void> attempt(int failures);
  /// False when the migration is to stop.
  bool note_session(const PgSession* at_work);
  /// False when the migration was stopped meanwhile.
  bool sleep_ms(int64_t duration_ms);

  const PgTarget target_;
  const PgSession::Limits limits_;
  observe::EventLog& events_;
  const AfterMigration after_;
  const std::function<void()> on_done_;
  Mutex mutex_;
  CondVar wake_;
  bool ending_ ROOST_GUARDED_BY(mutex_) = false;
  const PgSession* session_ ROOST_GUARDED_BY(mutex_) = nullptr;  ///< in use; for abort
  std::thread thread_;
};

}  // namespace roost::api
