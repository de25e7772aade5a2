#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "common/base/task.h"

namespace roost::api {

/// One thread for what blocks (reading log files). Tasks run in order.
class Background {
 public:
  static constexpr size_t kMaxQueued = 64;

  Background();
  /// Finishes what is queued.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// False, and `task` is not moved from, when kMaxQueued tasks wait. Any thread.
  bool submit(Task&& task);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::thread thread_;
};

}  // namespace roost::api
