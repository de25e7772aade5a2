#include "api/db/postgres/pg_migration.h"

#include <random>
#include <string>

#include "api/db/postgres/pg_schema.h"
#include "common/base/backoff.h"

namespace roost::api {
namespace {

constexpr Backoff kBackoff{100, 5000};

}  // namespace

PgMigration::PgMigration(PgTarget target, PgSession::Limits limits, observe::EventLog& events, AfterMigration after,
                         std::function<void()> on_done)
    : target_(std::move(target)),
      limits_(std::move(limits)),
      events_(events),
      after_(std::move(after)),
      on_done_(std::move(on_done)),
      thread_([this] { run(); }) {}

PgMigration::~PgMigration() {
  {
    const MutexLock guard(mutex_);
    ending_ = true;
    if (session_ != nullptr) session_->break_off();
  }
  wake_.notify_all();
  thread_.join();
}

bool PgMigration::sleep_ms(int64_t duration_ms) {
  const MutexLock guard(mutex_);
  const CondVar::Deadline deadline = CondVar::deadline_in_ms(duration_ms);
  while (!ending_ && wake_.wait_until(mutex_, deadline)) {
  }
  return !ending_;
}

void PgMigration::run() {
  std::mt19937_64 random{std::random_device{}()};
  std::string reported;
  for (int failures = 1;; ++failures) {
    const auto migrated = attempt(failures - 1);
    if (migrated) return on_done_();
    // Logged once per reason, not once per attempt.
    if (migrated.error().what != reported)
      events_.warning("database is not ready", {{"server", target_.name()}, {"why", migrated.error().what}});
    reported = migrated.error().what;
    if (!sleep_ms(kBackoff.delay_ms(failures, random()))) return;
  }
}

Result<void> PgMigration::attempt(int failures) {
  PgSession::Limits limits = limits_;
  limits.first_host = static_cast<size_t>(failures);
  auto session = PgSession::connect(target_, limits);
  if (!session) return tl::unexpected<Error>(error_of(session.error()));
  if (!note_session(session->get())) return fail("ending");
  auto migrated = pg_migrate(**session);
  if (migrated && after_) migrated = after_(**session);
  note_session(nullptr);
  return migrated;
}

bool PgMigration::note_session(const PgSession* at_work) {
  const MutexLock guard(mutex_);
  session_ = at_work;
  return !ending_;
}

}  // namespace roost::api
