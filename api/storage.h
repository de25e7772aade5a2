#pragma once

#include <functional>
#include <memory>

#include "api/db/db_cache.h"
#include "api/db/open_database.h"
#include "api/log_store/log_shipper.h"
#include "api/log_store/stored_logs.h"
#include "api/logs/request_log.h"
#include "api/worker_context.h"

namespace roost::api {

/// What a worker stores and where: its directories, request log, database and the cache before it.
class Storage {
 public:
  /// Makes the directories and opens everything. The error is one sentence for the operator.
  static Result<std::unique_ptr<Storage>> open(const WorkerContext& context);

  RequestLog& log() { return *log_; }
  /// Null unless the log is stored in the database.
  const LogShipper* shipper() const { return shipper_.get(); }
  /// As Logs::Options::read.
  std::function<Result<LogAnswer>(const LogQuery&)> log_reader() const;
  Database& database() { return *database_; }
  DbCache& cache() { return cache_; }
  batcher::Sink& like_sink() { return *like_sink_; }

 private:
  explicit Storage(const WorkerContext& context);
  Result<void> open_log(const WorkerContext& context);
  Result<void> open_database(const WorkerContext& context);
  Result<void> open_shipper(const WorkerContext& context);

  std::unique_ptr<RequestLog> log_;
  std::unique_ptr<LogShipper> shipper_;
  std::shared_ptr<StoredLogs> stored_logs_;
  DbCache cache_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<batcher::Sink> like_sink_;
};

}  // namespace roost::api
