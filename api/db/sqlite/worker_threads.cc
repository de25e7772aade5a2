#include "api/db/sqlite/worker_threads.h"

#include <utility>

namespace roost::api {

WorkerThreads::WorkerThreads(std::vector<std::unique_ptr<SqliteConnection>> connections)
    : connections_(std::move(connections)) {
  for (const auto& connection : connections_) threads_.emplace_back([this, &connection] { work(*connection); });
}

WorkerThreads::~WorkerThreads() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerThreads::submit(Job&& job) {
  {
    const std::lock_guard guard(mutex_);
    if (queue_.size() >= kMaxQueued) return false;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

size_t WorkerThreads::queued() const {
  const std::lock_guard guard(mutex_);
  return queue_.size();
}

void WorkerThreads::work(SqliteConnection& connection) {
  std::unique_lock guard(mutex_);
  while (true) {
    wake_.wait(guard, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    guard.unlock();
    job(connection);
    job = Job();  // what it owned goes before the lock is taken again
    guard.lock();
  }
}

}  // namespace roost::api
