#include "common/base/work_queue.h"

#include <utility>

namespace roost {

WorkQueue::WorkQueue(const Options& options) : options_(options) {
  for (size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

WorkQueue::~WorkQueue() {
  std::deque<Job> dropped;  // Destroyed without the lock.
  {
    const MutexLock lock(mutex_);
    ending_ = true;
    if (options_.at_end == AtEnd::drop) dropped.swap(jobs_);
  }
  wake_.notify_all();
  dropped.clear();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkQueue::submit(Job&& job) {
  {
    const MutexLock lock(mutex_);
    if (jobs_.size() >= options_.max_queued) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

size_t WorkQueue::queued() const {
  const MutexLock lock(mutex_);
  return jobs_.size();
}

void WorkQueue::run(size_t thread) {
  for (Job job; take(job); job = Job()) job(thread);  // What a job owns is destroyed without the lock.
}

/// The next job; false when there will be none.
bool WorkQueue::take(Job& job) {
  const MutexLock lock(mutex_);
  while (jobs_.empty() && !ending_) wake_.wait(mutex_);
  if (jobs_.empty()) return false;
  job = std::move(jobs_.front());
  jobs_.pop_front();
  return true;
}

}  // namespace roost
