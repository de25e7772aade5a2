#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/db/access.h"
#include "api/db/sqlite/write_lock.h"
#include "common/base/result.h"
#include "common/base/task.h"

struct sqlite3;
struct sqlite3_stmt;

namespace roost::api {

/// A prepared statement borrowed from its connection; reset and unbound by the destructor. Parameters count from 1,
/// columns from 0. Bound text must stay valid until then.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int parameter, int64_t value);
  Statement& bind(int parameter, std::string_view value);
  /// True: there is a row. False: there are no more.
  Result<bool> step();
  /// Runs to the end, ignoring rows.
  Result<void> run();
  int64_t integer(int column) const;
  std::string text(int column) const;

 private:
  sqlite3_stmt* raw_;
};

/// One connection to a SQLite file in WAL mode, with its prepared statements. One thread at a time. Checkpoints happen
/// only inside write(), under the write lock, when the WAL has grown beyond kCheckpointPages.
class SqliteConnection {
 public:
  enum class Mode : uint8_t { read, write };
  static constexpr int kBusyTimeoutMs = 5000;
  static constexpr int64_t kLockTimeoutMs = 5000;
  static constexpr int kCheckpointPages = 1000;       ///< of 4 KiB; beyond it a passive checkpoint
  static constexpr int kTruncatingPages = 16 * 1000;  ///< beyond it a truncating checkpoint, which waits for readers
  static constexpr size_t kMaxStatements = 128;

  /// Opens, or creates, the file at `path` (Mode::read needs it to exist). Accesses are reported to `observer`, which
  /// may be null.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode, AccessObserver* observer);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// The statement for `sql`, prepared once; at most kMaxStatements different texts. Invalid SQL is a
  /// programmer error, unless the database cannot be read.
  Result<sqlite3_stmt*> prepare(std::string_view sql);
  /// Several statements without results.
  Result<void> execute(const char* sql);
  /// Runs `body` in one write transaction, durable (synchronous=FULL) when this returns without error; an error of
  /// `body` rolls it back. Mode::write only.
  Result<void> write(UniqueFunction<Result<void>()> body);
  /// Whether the last write() failed in COMMIT with an unknown outcome.
  bool commit_unknown() const { return commit_unknown_; }
  int64_t last_insert_id() const;
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  int64_t changes() const;
  AccessObserver* observer() const { return observer_; }

 private:
  SqliteConnection(sqlite3* raw, AccessObserver* observer) : raw_(raw), observer_(observer) {}
  Result<void> configure(const std::string& path, Mode mode);
  Result<void> transact(UniqueFunction<Result<void>()>& body);
  void checkpoint_if_grown();

  sqlite3* raw_;
  AccessObserver* observer_;
  std::unique_ptr<WriteLock> lock_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  int wal_pages_ = 0;
  bool commit_unknown_ = false;
};

}  // namespace roost::api
