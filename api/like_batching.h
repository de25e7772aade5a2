#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "api/worker_context.h"
#include "batcher/batcher.h"
#include "batcher/journal/posix_disk.h"

namespace roost::api {

/// The worker's batcher, configured, with its journal on disk. Loop thread only, but for the batcher's own threads.
class LikeBatching {
 public:
  /// Runs on the loop after each batch, with the ids of its tweets.
  using OnApplied = std::function<void(const std::vector<int64_t>& ids)>;

  /// `context` and `sink` outlive it.
  static Result<std::unique_ptr<LikeBatching>> open(const WorkerContext& context, batcher::Sink& sink,
                                                    OnApplied on_applied);

  batcher::Batcher& batcher() { return *batcher_; }

 private:
  explicit LikeBatching(const WorkerContext& context, OnApplied on_applied)
      : context_(context), on_applied_(std::move(on_applied)) {}
  batcher::Options options();

  const WorkerContext& context_;
  const OnApplied on_applied_;
  batcher::PosixDisk disk_;
  std::unique_ptr<batcher::Batcher> batcher_;
};

}  // namespace roost::api
