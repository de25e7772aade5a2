#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "api/log_store/log_table.h"
#include "common/base/mutex.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Copies a worker's request log from its files to the table of all hosts, once a second, on a thread of its own. The
/// files are written as without it, so nothing waits for the database; while it is away they keep what is to be copied,
/// as far as [logs] rotate and keep allow. How far the files are in the table is stored with the rows, in the same
/// transaction: each record is there once, whoever fails when. What a failover to an asynchronous standby loses is
/// copied again, since the position is lost with it. Files that were removed before they were copied leave a gap record
/// and a warning.
class LogShipper {
 public:
  static constexpr int64_t kPeriodMs = 1'000;
  /// How often partitions are made ahead and dropped.
  static constexpr int64_t kKeepMs = 600'000;
  static constexpr int64_t kLastMs = 2'000;  ///< for what is left at the end

  struct Options {
    std::string directory;  ///< of the request log
    std::string worker;
    std::string host;  ///< named in each row
    int64_t keep_days = 7;
  };
  struct Stats {
    uint64_t stored = 0;    ///< records
    uint64_t left_out = 0;  ///< malformed, or of days that are not kept
    uint64_t gaps = 0;      ///< times that files had been removed
    uint64_t failures = 0;  ///< attempts
  };

  /// `events` outlives it. Starts the thread; an error when the file that identifies the log cannot be made.
  static Result<std::unique_ptr<LogShipper>> start(Options options, const PgTarget& target,
                                                   const PgSession::Limits& limits, observe::EventLog& events);
  /// Copies what is left, at most for kLastMs; then breaks off.
  ~LogShipper();
  LogShipper(const LogShipper&) = delete;
  LogShipper& operator=(const LogShipper&) = delete;

  /// Copies what is in the files now, and waits for that, at most `most_ms`. False when it took longer or failed. Any
  /// thread but the loop's.
  bool ship_now(int64_t most_ms);
  Stats stats() const;

 private:
  LogShipper(Options options, std::string source, const PgTarget& target, const PgSession::Limits& limits,
             observe::EventLog& events);
  void run();
  /// The number of the round to make, or 0 at the end.
  uint64_t wait_for_round();
  void end_round(uint64_t round, bool done);
  bool ship();
  Result<void> begin();
  Result<bool> ship_chunk();
  Result<void> keep_days();
  KeptLogDays kept() const;

  const Options options_;
  const std::string source_;
  observe::EventLog& events_;
  LogTable table_;
  LogTail tail_;
  LogPosition stored_at_;  ///< in the table
  int64_t kept_at_ms_ = INT64_MIN;
  bool away_ = false;  ///< logged as failing
  std::atomic<uint64_t> stored_ = 0;
  std::atomic<uint64_t> left_out_ = 0;
  std::atomic<uint64_t> gaps_ = 0;
  std::atomic<uint64_t> failures_ = 0;
  Mutex mutex_;
  CondVar wake_;
  CondVar served_;
  uint64_t asked_ ROOST_GUARDED_BY(mutex_) = 0;  ///< rounds
  uint64_t made_ ROOST_GUARDED_BY(mutex_) = 0;
  bool last_done_ ROOST_GUARDED_BY(mutex_) = false;
  bool ending_ ROOST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace roost::api
