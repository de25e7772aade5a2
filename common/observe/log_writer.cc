#include "common/observe/log_writer.h"

#include <chrono>
#include <utility>

namespace roost::observe {

Result<std::unique_ptr<LogWriter>> LogWriter::open(LogWriterOptions options, EventLog& events) {
  auto file = LogFile::open(options.path, options.rotate_bytes, options.keep_files);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<LogWriter>(new LogWriter(std::move(options), std::move(*file), events));
}

LogWriter::LogWriter(LogWriterOptions options, LogFile file, EventLog& events)
    : options_(std::move(options)), events_(events), file_(std::move(file)) {
  filling_.reserve(options_.buffer_bytes);
  writing_.reserve(options_.buffer_bytes);
  thread_ = std::thread([this] { run(); });
}

LogWriter::~LogWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    wake();
  }
  thread_.join();
}

bool LogWriter::append(std::string_view line) {
  std::unique_lock lock(mutex_);
  const size_t bytes = line.size() + 1;
  if (options_.overflow == Overflow::wait && bytes <= options_.buffer_bytes) {
    progress_.wait(lock, [&] { return filling_.size() + bytes <= options_.buffer_bytes; });
  }
  if (filling_.size() + bytes > options_.buffer_bytes) {
    ++stats_.dropped;
    return false;
  }
  filling_.append(line).push_back('\n');
  ++filling_lines_;
  ++stats_.lines;
  const bool much = filling_.size() > options_.buffer_bytes / 2;
  if (rest_ == Rest::idle || (rest_ == Rest::pause && much)) wake();
  return true;
}

bool LogWriter::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t target = stats_.lines;
  ++flushers_;
  wake();
  progress_.wait(lock, [&] { return finished_lines_ >= target; });
  --flushers_;
  return std::exchange(lost_at_flush_, stats_.lost) == stats_.lost;
}

void LogWriter::reopen() {
  const std::scoped_lock lock(mutex_);
  reopen_wanted_ = true;
  wake();
}

LogWriterStats LogWriter::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

// Under the lock. Whoever comes next need not wake the thread again.
void LogWriter::wake() {
  rest_ = Rest::none;
  work_.notify_one();
}

void LogWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wait_for_work(lock);
    if (!filling_.empty()) write_batch(lock);
    if (reopen_wanted_) reopen_file(lock);
    if (stopping_ && filling_.empty()) return;
    pause(lock);
  }
}

void LogWriter::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (filling_.empty() && !reopen_wanted_ && !stopping_) {
    rest_ = Rest::idle;
    work_.wait(lock);
  }
  rest_ = Rest::none;
}

void LogWriter::write_batch(std::unique_lock<std::mutex>& lock) {
  std::swap(filling_, writing_);
  const uint64_t lines = std::exchange(filling_lines_, 0);
  if (options_.overflow == Overflow::wait) progress_.notify_all();  // the other buffer is free
  lock.unlock();
  const Result<void> rotated = file_.rotate_if_due(writing_.size());
  const Result<void> written = file_.write(writing_);
  report(written ? rotated : written);
  writing_.clear();
  lock.lock();
  ++stats_.writes;
  stats_.write_errors += (rotated ? 0 : 1) + (written ? 0 : 1);
  if (!written) stats_.lost += lines;
  finished_lines_ += lines;
  progress_.notify_all();
}

void LogWriter::reopen_file(std::unique_lock<std::mutex>& lock) {
  reopen_wanted_ = false;
  lock.unlock();
  const Result<void> reopened = file_.reopen();
  report(reopened);
  lock.lock();
  if (!reopened) ++stats_.write_errors;
}

void LogWriter::pause(std::unique_lock<std::mutex>& lock) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.pause_us);
  const auto is_over = [this] {
    return flushers_ != 0 || stopping_ || reopen_wanted_ || filling_.size() > options_.buffer_bytes / 2;
  };
  while (!is_over()) {
    rest_ = Rest::pause;
    if (work_.wait_until(lock, end) == std::cv_status::timeout) break;
  }
  rest_ = Rest::none;
}

// Once for a row of failures, and once when it is over.
void LogWriter::report(const Result<void>& outcome) {
  if (!outcome && !error_reported_) events_.error("log cannot be written", {{"error", outcome.error().what}});
  if (outcome && error_reported_) events_.info("log is written again", {{"path", options_.path}});
  error_reported_ = !outcome;
}

}  // namespace roost::observe
