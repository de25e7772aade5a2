#include "api/logs/background.h"

#include <utility>

namespace roost::api {

Background::Background() : thread_([this] { run(); }) {}

Background::~Background() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool Background::submit(Task&& task) {
  {
    const std::lock_guard guard(mutex_);
    if (queue_.size() >= kMaxQueued) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void Background::run() {
  std::unique_lock guard(mutex_);
  while (true) {
    wake_.wait(guard, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    guard.unlock();
    task();
    task = Task();
    guard.lock();
  }
}

}  // namespace roost::api
