#include "api/db/sqlite/sqlite_connection.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include "common/base/check.h"

namespace roost::api {
namespace {

tl::unexpected<Error> sqlite_error(sqlite3* raw, std::string_view doing) {
  const int code = sqlite3_extended_errcode(raw);
  const int primary = code & 0xff;
  const bool retryable = primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_FULL ||
                         primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_NOMEM;
  return fail(fmt::format("sqlite: {}: {}", doing, sqlite3_errmsg(raw)), Side::internal, retryable, code);
}

/// A commit that fails for lack of a lock or of space has not happened. After an I/O error, or for lack of memory, the
/// outcome is unknown.
bool leaves_commit_open(int code) {
  return (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_NOMEM;
}

}  // namespace

Statement::~Statement() {
  sqlite3_reset(raw_);
  sqlite3_clear_bindings(raw_);
}

Statement& Statement::bind(int parameter, int64_t value) {
  ROOST_CHECK(sqlite3_bind_int64(raw_, parameter, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();  // a null pointer would bind NULL
  ROOST_CHECK(sqlite3_bind_text64(raw_, parameter, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(raw_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_error(sqlite3_db_handle(raw_), sqlite3_sql(raw_));
}

Result<void> Statement::run() {
  while (true) {
    const Result<bool> row = step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return {};
  }
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(raw_, column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(raw_, column)));
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Mode mode,
                                                                 AccessObserver* observer) {
  sqlite3* raw = nullptr;
  const int flags = mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(raw, observer));
  if (code != SQLITE_OK) return sqlite_error(raw, path);
  if (auto configured = connection->configure(path, mode); !configured)
    return tl::unexpected<Error>(configured.error());
  return connection;
}

Result<void> SqliteConnection::configure(const std::string& path, Mode mode) {
  sqlite3_extended_result_codes(raw_, 1);
  sqlite3_busy_timeout(raw_, kBusyTimeoutMs);
  sqlite3_wal_autocheckpoint(raw_, 0);
  // Closing the last connection would checkpoint too, outside the lock.
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (mode == Mode::read) return execute("PRAGMA query_only=ON; PRAGMA cache_size=-16384");

  auto lock = WriteLock::open(path + ".write-lock");
  if (!lock) return tl::unexpected<Error>(lock.error());
  lock_ = std::make_unique<WriteLock>(std::move(*lock));
  sqlite3_wal_hook(
      raw_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  if (auto locked = lock_->lock(kLockTimeoutMs); !locked) return locked;
  auto set = execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON");
  lock_->unlock();
  return set;
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(raw_);
}

Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view sql) {
  const std::string text(sql);
  if (const auto known = statements_.find(text); known != statements_.end()) return known->second;
  ROOST_CHECK(statements_.size() < kMaxStatements);
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(raw_, text.c_str(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(raw_, text);
  statements_.emplace(text, statement);
  return statement;
}

Result<void> SqliteConnection::execute(const char* sql) {
  if (sqlite3_exec(raw_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_error(raw_, sql);
  return {};
}

Result<void> SqliteConnection::write(UniqueFunction<Result<void>()> body) {
  ROOST_CHECK(lock_ != nullptr);
  commit_unknown_ = false;
  if (auto locked = lock_->lock(kLockTimeoutMs); !locked) return locked;
  auto outcome = transact(body);
  if (outcome) checkpoint_if_grown();
  lock_->unlock();
  return outcome;
}

Result<void> SqliteConnection::transact(UniqueFunction<Result<void>()>& body) {
  if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto outcome = body();
  if (outcome) {
    outcome = execute("COMMIT");
    commit_unknown_ = !outcome && leaves_commit_open(outcome.error().code);
  }
  // Some errors have rolled back already; another ROLLBACK would be an error.
  if (!outcome && sqlite3_get_autocommit(raw_) == 0) (void)execute("ROLLBACK");
  return outcome;
}

void SqliteConnection::checkpoint_if_grown() {
  if (wal_pages_ < kCheckpointPages) return;
  const int mode = wal_pages_ < kTruncatingPages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  // If it fails (a reader blocks it), the next commit tries again.
  sqlite3_wal_checkpoint_v2(raw_, nullptr, mode, nullptr, nullptr);
}

int64_t SqliteConnection::last_insert_id() const {
  return sqlite3_last_insert_rowid(raw_);
}

int64_t SqliteConnection::changes() const {
  return sqlite3_changes64(raw_);
}

}  // namespace roost::api
