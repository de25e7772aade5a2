#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "api/db/access.h"
#include "api/db/sqlite/sqlite_connection.h"
#include "batcher/sink.h"
#include "common/base/task.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// An event log that nobody reads.
inline observe::EventLog& quiet_events() {
  static observe::EventLog events([](observe::EventLevel, std::string_view) {});
  return events;
}

/// The journal whose id spells the last 16 characters of `name`.
inline batcher::JournalId journal(std::string_view name) {
  batcher::JournalId id;
  for (const char c : name) {
    id.high = id.high << 8 | id.low >> 56;
    id.low = id.low << 8 | static_cast<unsigned char>(c);
  }
  return id;
}

/// A directory that goes away with the test.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roost-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Keeps what the database's threads deliver until the test takes it: stands for the loop.
class Deliveries {
 public:
  std::function<void(Task)> post() {
    return [this](Task task) {
      const std::lock_guard guard(mutex_);
      tasks_.push_back(std::move(task));
      arrived_.notify_all();
    };
  }
  /// Waits for one delivery and runs it; fails the test when none comes.
  void run_one() {
    std::unique_lock guard(mutex_);
    REQUIRE(arrived_.wait_for(guard, std::chrono::seconds(30), [this] { return !tasks_.empty(); }));
    Task task = std::move(tasks_.front());
    tasks_.erase(tasks_.begin());
    guard.unlock();
    task();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Task> tasks_;
};

/// Writes down every access as "SELECT tweets 3 request-id".
class AccessNotes final : public AccessObserver {
 public:
  void on_access(const AccessRecord& access) override {
    const std::lock_guard guard(mutex_);
    notes_.push_back(std::string(access.operation) + " " + std::string(access.table) + " " +
                     std::to_string(access.rows) + " " + std::string(access.request_id));
  }
  std::vector<std::string> take() {
    const std::lock_guard guard(mutex_);
    return std::move(notes_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

/// The first column of the first row.
inline int64_t single_integer(SqliteConnection& connection, std::string_view sql) {
  auto raw = connection.prepare(sql);
  REQUIRE(raw);
  Statement statement(*raw);
  auto row = statement.step();
  REQUIRE(row);
  REQUIRE(*row);
  return statement.integer(0);
}

/// Fails the test when the file is damaged: a page, a reference to a row that is gone, the index of words, or a count
/// that does not agree with the rows it counts.
inline void check_integrity(SqliteConnection& connection) {
  auto raw = connection.prepare("PRAGMA integrity_check");
  REQUIRE(raw);
  Statement statement(*raw);
  REQUIRE(statement.step());
  CHECK(statement.text(0) == "ok");
  CHECK(single_integer(connection, "SELECT count(*) FROM pragma_foreign_key_check") == 0);
  CHECK(connection.execute("INSERT INTO tweet_words(tweet_words) VALUES('integrity-check')"));
  CHECK(single_integer(connection, "SELECT count(*) FROM tweet_words WHERE rowid NOT IN (SELECT id FROM tweets)") == 0);
  CHECK(single_integer(connection, "SELECT count(*) FROM tweets WHERE id NOT IN (SELECT rowid FROM tweet_words)") == 0);
  CHECK(single_integer(connection,
                       "SELECT count(*) FROM users WHERE "
                       "followers <> (SELECT count(*) FROM follows WHERE followee_id = users.id) OR "
                       "following <> (SELECT count(*) FROM follows WHERE follower_id = users.id)") == 0);
}

}  // namespace roost::api
