#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "api/db/postgres/pg_session.h"
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
  /// Breaks off the attempt under way: at most the time-out of a connection being made is waited for.
  ~PgMigration();
  PgMigration(const PgMigration&) = delete;
  PgMigration& operator=(const PgMigration&) = delete;

 private:
  void run();
  Result<void> attempt(int failures);
  /// False when it is to end.
  bool note_session(const PgSession* at_work);
  bool sleep_ms(int64_t duration_ms);

  const PgTarget target_;
  const PgSession::Limits limits_;
  observe::EventLog& events_;
  const AfterMigration after_;
  const std::function<void()> on_done_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Below: guarded by mutex_.
  bool ending_ = false;
  const PgSession* session_ = nullptr;  ///< at work
  std::thread thread_;
};

}  // namespace roost::api
