#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/logs/log_record.h"
#include "common/base/result.h"

namespace roost::api {

/// A query of the log. Empty text and absent values do not filter.
struct LogQuery {
  static constexpr size_t kMaxLimit = 100'000;

  size_t limit = 1000;   ///< The newest matches, 1 to kMaxLimit.
  int64_t since_us = 0;  ///< Records from this time on.
  std::optional<RecordKind> kind = {};
  std::string method = {};  ///< API calls of this method, or database accesses of this operation; case-insensitive.
  std::string path_prefix = {};  ///< API calls whose endpoint starts so, or database accesses whose table does.
  /// Bytes of log read at most, newest first; older records are then left out and the answer is marked incomplete.
  uint64_t max_scan_bytes = uint64_t{1} << 30;
};

struct LogAnswer {
  /// By time, newest last; ties by worker, then in the order they were written. Where a worker's times go back since
  /// the clock was set, its records stay in the order they were written.
  std::vector<LogRecord> records;
  /// max_scan_bytes was reached, a file could not be read, or a gap record says that records could not be written.
  bool incomplete = false;
  uint64_t malformed_lines = 0;  ///< Skipped.
};

/// Records may stand in a file this much out of order (several threads append to it) and are merged rightly.
inline constexpr int64_t kMaxDisorderUs = 100'000;

/// Files opened for one answer; when there are more, the oldest are left out and the answer is marked incomplete.
inline constexpr size_t kMaxLogFiles = 256;

/// Merges the request logs of all workers in `directory`, rotated files included, from their ends backwards: reads no
/// further than the query needs, holds one block per worker and the records of the answer. The workers may be writing
/// and rotating meanwhile; a last line not yet complete is left for the next reader. Reads files, so it blocks: for a
/// worker thread, never an event loop. An error only when the directory cannot be read.
Result<LogAnswer> read_request_logs(const std::string& directory, const LogQuery& query);

}  // namespace roost::api
