#include "api/db/postgres/pg_pool.h"

#include <algorithm>
#include <random>
#include <utility>

#include "common/base/check.h"

namespace roost::api {
namespace {

PgFailure not_sent(std::string what) {
  PgFailure failure;
  failure.verdict = PgVerdict::try_later;
  failure.what = std::move(what);
  return failure;
}

uint64_t random_bits() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

}  // namespace

PgPool::PgPool(net::EventLoop& loop, net::Resolver& resolver, PgTarget target, Options options,
               observe::EventLog& events, OnAnswer on_answer)
    : loop_(loop),
      resolver_(resolver),
      target_(std::move(target)),
      options_(std::move(options)),
      events_(events),
      answer_(std::move(on_answer)),
      expiry_(net::Timer::of<&PgPool::expire>(loop.timers(), this)) {
  for (size_t i = 0; i < options_.connections; ++i) slots_.push_back(std::make_unique<Slot>(*this));
}

PgPool::~PgPool() = default;

void PgPool::start() {
  for (const auto& slot : slots_) open(*slot);
}

void PgPool::open(Slot& slot) {
  ROOST_CHECK(slot.connection == nullptr);
  PgConnection::Owner& owner = *this;
  PgConnection::Options options = options_.connection;
  options.first_host = static_cast<size_t>(slot.failures);
  slot.connection = std::make_unique<PgConnection>(loop_, resolver_, target_, options, owner);
  slot.connection->start();
}

PgPool::Slot& PgPool::slot_of(const PgConnection& connection) {
  const auto found = std::find_if(slots_.begin(), slots_.end(),
                                  [&](const auto& slot) { return slot->connection.get() == &connection; });
  ROOST_CHECK(found != slots_.end());
  return **found;
}

void PgPool::on_up(PgConnection& connection) {
  slot_of(connection).failures = 0;
  ++up_;
  if (away_) events_.info("database is back", {{"server", name()}});
  away_ = false;
  send_queued();
}

void PgPool::on_down(PgConnection& connection, const std::string& why) {
  Slot& slot = slot_of(connection);
  ++slot.failures;
  const bool was_up = connection.was_up();
  if (was_up) --up_;
  if (up_ == 0 && !away_) {
    away_ = true;
    events_.warning("database is away", {{"server", name()}, {"why", why}});
  } else if (was_up) {
    events_.warning("database connection lost", {{"server", name()}, {"why", why}});
  }
  loop_.retire(std::move(slot.connection));
  slot.retry.start_ms(options_.backoff.delay_ms(slot.failures, random_bits()));
}

void PgPool::on_answer(PgJobPtr job, PgResult<PgRows> result) {
  answer_(std::move(job), std::move(result));
  send_queued();
}

// ---- jobs -----------------------------------------------------------------------------------------------------------

void PgPool::submit(PgJobPtr job) {
  PgConnection* connection = queue_.empty() ? least_busy() : nullptr;
  if (connection != nullptr) return connection->send(std::move(job));
  const bool full = queue_.size() >= options_.max_queued;
  const int64_t now_ms = loop_.now_ms();
  const int64_t until_ms = std::min(job->deadline_ms, now_ms + options_.queue_timeout_ms);
  if (full) {  // refused, at a later turn
    // The job stays in the pool: a posted task may outlive the pool and the job's receiver.
    refused_.push_back(std::move(job));
    if (refused_.size() > 1) return;
    loop_.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (alive.lock()) answer_refused();
    });
    return;
  }
  queue_.push_back({std::move(job), until_ms});
  arm_expiry();
}

void PgPool::answer_refused() {
  for (PgJobPtr& job : std::exchange(refused_, {}))
    answer_(std::move(job), tl::unexpected<PgFailure>(not_sent("too many statements wait")));
}

PgConnection* PgPool::least_busy() {
  PgConnection* best = nullptr;
  for (const auto& slot : slots_) {
    PgConnection* connection = slot->connection.get();
    if (connection == nullptr || !connection->has_room()) continue;
    if (best == nullptr || connection->in_flight() < best->in_flight()) best = connection;
  }
  return best;
}

void PgPool::send_queued() {
  while (!queue_.empty()) {
    PgConnection* connection = least_busy();
    if (connection == nullptr) break;
    PgJobPtr job = std::move(queue_.front().job);
    queue_.pop_front();
    connection->send(std::move(job));
  }
  arm_expiry();
}

void PgPool::arm_expiry() {
  int64_t due_ms = INT64_MAX;
  for (const Waiting& waiting : queue_) due_ms = std::min(due_ms, waiting.until_ms);
  if (due_ms == INT64_MAX) return expiry_.stop();
  expiry_.start_ms(std::max<int64_t>(due_ms - loop_.now_ms(), 0));
}

void PgPool::expire() {
  std::deque<Waiting> late;
  const auto is_late = [&](const Waiting& waiting) { return waiting.until_ms <= loop_.now_ms(); };
  for (Waiting& waiting : queue_) {
    if (is_late(waiting)) late.push_back({std::move(waiting.job), 0});
  }
  std::erase_if(queue_, [](const Waiting& waiting) { return waiting.job == nullptr; });
  arm_expiry();
  for (Waiting& waiting : late)
    answer_(std::move(waiting.job), tl::unexpected<PgFailure>(not_sent(name() + ": no connection was free in time")));
}

}  // namespace roost::api
