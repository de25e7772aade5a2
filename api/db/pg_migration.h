#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "api/db/pg_session.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Brings the schema up to date on a thread of its own, as soon as the server can be reached, however long that takes.
class PgMigration {
 public:
  using AfterMigration = std::function<Result<void>(PgSession& session)>;

  /// Calls `on_done` on its thread when the schema is there and `after`, which may be empty, has run. `events` outlives
  /// it.
  PgMigration(PgTarget target, PgSession::Limits limits, observe::EventLog& events, AfterMigration after,
              std::function<void()> on_done);
  /// Waits for the attempt under way.
  ~PgMigration();
  PgMigration(const PgMigration&) = delete;
  PgMigration& operator=(const PgMigration&) = delete;

 private:
  void run();
  Result<void> attempt();
  /// False when it is to end.
  bool sleep_ms(int64_t duration_ms);

  const PgTarget target_;
  const PgSession::Limits limits_;
  observe::EventLog& events_;
  const AfterMigration after_;
  const std::function<void()> on_done_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace roost::api
