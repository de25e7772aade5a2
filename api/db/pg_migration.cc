#include "api/db/pg_migration.h"

#include <chrono>
#include <random>
#include <string>

#include "api/db/pg_schema.h"
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
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool PgMigration::sleep_ms(int64_t duration_ms) {
  std::unique_lock guard(mutex_);
  return !wake_.wait_for(guard, std::chrono::milliseconds(duration_ms), [this] { return ending_; });
}

void PgMigration::run() {
  std::mt19937_64 random{std::random_device{}()};
  std::string told;
  for (int failures = 1;; ++failures) {
    const auto migrated = attempt();
    if (migrated) return on_done_();
    // Once per reason, not once per attempt.
    if (migrated.error().what != told)
      events_.warning("database is not ready", {{"server", target_.name()}, {"why", migrated.error().what}});
    told = migrated.error().what;
    if (!sleep_ms(kBackoff.delay_ms(failures, random()))) return;
  }
}

Result<void> PgMigration::attempt() {
  auto session = PgSession::connect(target_, limits_);
  if (!session) return tl::unexpected<Error>(error_of(session.error()));
  if (auto migrated = pg_migrate(**session); !migrated) return migrated;
  return after_ ? after_(**session) : Result<void>();
}

}  // namespace roost::api
