#include "api/log_store/log_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace roost::api {
namespace {

constexpr int64_t kAdvisoryLock = 0x726f6f73746c;  // "roostl"; see pg_schema.cc
constexpr int64_t kScriptMs = 10'000;              ///< more than lock_timeout

// Times are Unix microseconds; kind is a RecordKind.
constexpr std::string_view kMake = R"sql(
CREATE SEQUENCE IF NOT EXISTS request_logs_seq CACHE 100;
CREATE TABLE IF NOT EXISTS request_logs(
  seq bigint NOT NULL DEFAULT nextval('request_logs_seq'),
  time_us bigint NOT NULL,
  kind smallint NOT NULL,
  host text NOT NULL,
  worker text NOT NULL,
  request_id text NOT NULL,
  verb text NOT NULL,
  subject text NOT NULL,
  result bigint NOT NULL,
  duration_us bigint NOT NULL
) PARTITION BY RANGE (time_us);
CREATE INDEX IF NOT EXISTS request_logs_by_time ON request_logs(time_us);
CREATE INDEX IF NOT EXISTS request_logs_gaps ON request_logs(time_us) WHERE kind = 2;
CREATE TABLE IF NOT EXISTS log_positions(
  source text PRIMARY KEY,
  file text NOT NULL,
  position bigint NOT NULL
);
)sql";
constexpr const char* kIsMade = "SELECT 1 WHERE to_regclass('log_positions') IS NOT NULL";
constexpr const char* kPartitions =
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'request_logs'::regclass ORDER BY 1";

// $1 since, $2 kind or -1, $3 verb or '', $4 prefix, $5 limit. Gaps are asked for on their own.
constexpr PgStatement kRead{
    "SELECT time_us, kind, host, worker, request_id, verb, subject, result, duration_us FROM request_logs "
    "WHERE time_us >= $1 AND kind <> 2 AND ($2 < 0 OR kind = $2) AND ($3 = '' OR upper(verb) = upper($3)) "
    "AND starts_with(subject, $4) ORDER BY time_us DESC, host DESC, worker DESC, seq DESC LIMIT $5",
    true, PgStatement::Plan::fresh};
constexpr PgStatement kGaps{"SELECT 1 FROM request_logs WHERE kind = 2 AND time_us >= $1 LIMIT 1", true,
                            PgStatement::Plan::fresh};

LogRecord record_of(const PgRows& rows, int64_t row) {
  LogRecord record;
  record.time_us = rows.integer(row, 0);
  record.kind = static_cast<RecordKind>(rows.integer(row, 1));
  record.host = rows.text(row, 2);
  record.worker = rows.text(row, 3);
  record.request_id = rows.text(row, 4);
  record.verb = rows.text(row, 5);
  record.subject = rows.text(row, 6);
  record.result = rows.integer(row, 7);
  record.duration_us = rows.integer(row, 8);
  return record;
}

}  // namespace

template <class T>
Result<T> LogTable::checked(PgResult<T> result) {
  if (result) return std::move(*result);
  close();
  return tl::unexpected<Error>(error_of(result.error()));
}

void LogTable::set_session(std::unique_ptr<PgSession> session) {
  {
    const MutexLock guard(mutex_);
    at_work_ = session.get();
  }
  session_ = std::move(session);  // the former one ends when nobody can break it off any more
}

void LogTable::close() {
  set_session(nullptr);
  made_.clear();
}

void LogTable::break_off() {
  const MutexLock guard(mutex_);
  if (at_work_ != nullptr) at_work_->break_off();
}

Result<PgRows> LogTable::run(const std::string& sql) {
  return checked(session_->run_script(sql, kScriptMs));
}

/// One worker at a time changes tables; who holds one up waits for no longer than a reader of it may take.
Result<void> LogTable::run_locked(const std::string& sql) {
  auto done = run(fmt::format("BEGIN; SET LOCAL lock_timeout = 5000; SELECT pg_advisory_xact_lock({}); {}; COMMIT",
                              kAdvisoryLock, sql));
  if (!done) return tl::unexpected<Error>(done.error());
  return {};
}

Result<void> LogTable::open() {
  if (session_ && session_->usable()) return {};
  close();
  auto connected = PgSession::connect(target_, limits_);
  if (!connected) {
    ++limits_.first_host;
    return tl::unexpected<Error>(error_of(connected.error()));
  }
  set_session(std::move(*connected));
  const auto made = run(kIsMade);
  if (!made) return tl::unexpected<Error>(made.error());
  if (made->count() > 0) return {};
  return run_locked(std::string(kMake));
}

Result<LogPosition> LogTable::position_of(const std::string& source) {
  const auto rows = run(fmt::format("SELECT file, position FROM log_positions WHERE source = '{}'", source));
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (rows->count() == 0) return LogPosition();
  return LogPosition{rows->text(0, 0), static_cast<uint64_t>(rows->integer(0, 1))};
}

Result<void> LogTable::make_partition(int64_t day) {
  if (made_.contains(day)) return {};
  if (auto made = run_locked(make_log_partition(day)); !made) return made;
  made_.insert(day);
  return {};
}

Result<void> LogTable::append(const std::string& source, const LogPosition& from, const LogPosition& to,
                              const LogRows& rows) {
  for (const int64_t day : rows.days) {
    if (auto made = make_partition(day); !made) return made;
  }
  // Both are lost together, or neither: what a crash of the server loses is sent again.
  const auto moved = run(fmt::format(
      "BEGIN; SET LOCAL synchronous_commit = off; "
      "INSERT INTO log_positions VALUES('{0}', '{1}', {2}) ON CONFLICT (source) DO UPDATE SET file = '{1}', "
      "position = {2} WHERE log_positions.file = '{3}' AND log_positions.position = {4} RETURNING 1",
      source, to.file, to.offset, from.file, from.offset));
  if (!moved) return tl::unexpected<Error>(moved.error());
  if (moved->count() != 1) {
    close();
    return fail("the log's position in the database is another one");
  }
  if (rows.count > 0) {
    const std::string copy = fmt::format("COPY request_logs({}) FROM STDIN", kLogColumns);
    if (auto copied = checked(session_->copy_in(copy, rows.text, kScriptMs)); !copied)
      return tl::unexpected<Error>(copied.error());
  }
  if (auto committed = run("COMMIT"); !committed) return tl::unexpected<Error>(committed.error());
  return {};
}

Result<void> LogTable::keep(const KeptLogDays& kept) {
  for (const int64_t day : {kept.today, kept.today + 1}) {
    if (auto made = make_partition(day); !made) return made;
  }
  const auto partitions = run(kPartitions);
  if (!partitions) return tl::unexpected<Error>(partitions.error());
  for (int64_t row = 0; row < partitions->count(); ++row) {
    const std::string name = partitions->text(row, 0);
    const auto day = day_of_log_partition(name);
    if (!day || *day > kept.today || kept.has(*day)) continue;
    if (auto dropped = run_locked("DROP TABLE IF EXISTS " + name); !dropped) return dropped;
    made_.erase(*day);
  }
  return {};
}

Result<LogAnswer> LogTable::read(const LogQuery& query) {
  LogAnswer answer;
  const int64_t limit = static_cast<int64_t>(std::clamp<size_t>(query.limit, 1, LogQuery::kMaxLimit));
  const int64_t kind = query.kind ? static_cast<int64_t>(*query.kind) : -1;
  if (!is_postgres_text(query.method) || !is_postgres_text(query.path_prefix)) return answer;
  PgParams asked;
  asked.add(query.since_us).add(kind).add(query.method).add(query.path_prefix).add(limit);
  const auto rows = checked(session_->run(kRead, asked));
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int64_t row = rows->count(); row-- > 0;) answer.records.push_back(record_of(*rows, row));
  PgParams since;
  const auto gaps = checked(session_->run(kGaps, since.add(query.since_us)));
  if (!gaps) return tl::unexpected<Error>(gaps.error());
  answer.incomplete = gaps->count() > 0;
  return answer;
}

}  // namespace roost::api
