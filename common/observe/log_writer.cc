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
  {
    const MutexLock lock(mutex_);
    filling_.reserve(options_.buffer_bytes);
  }
  writing_.reserve(options_.buffer_bytes);
  thread_ = std::thread([this] { run(); });
}

LogWriter::~LogWriter() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake();
  }
  thread_.join();
}

bool LogWriter::append(std::string_view line) {
  const MutexLock lock(mutex_);
  const size_t bytes = line.size() + 1;
  if (options_.overflow == Overflow::wait && bytes <= options_.buffer_bytes) {
    while (filling_.size() + bytes > options_.buffer_bytes) progress_.wait(mutex_);
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
  const MutexLock lock(mutex_);
  const uint64_t target = stats_.lines;
  ++flushers_;
  wake();
  while (finished_lines_ < target) progress_.wait(mutex_);
  --flushers_;
  return std::exchange(lost_at_flush_, stats_.lost) == stats_.lost;
}

void LogWriter::reopen() {
  const MutexLock lock(mutex_);
  reopen_wanted_ = true;
  wake();
}

LogWriterStats LogWriter::stats() const {
  const MutexLock lock(mutex_);
  return stats_;
}

// The next append() need not wake the thread again.
void LogWriter::wake() {
  rest_ = Rest::none;
  work_.notify_one();
}

void LogWriter::run() {
  const MutexLock lock(mutex_);
  for (;;) {
    wait_for_work();
    if (!filling_.empty()) write_batch();
    if (reopen_wanted_) reopen_file();
    if (stopping_ && filling_.empty()) return;
    pause();
  }
}

void LogWriter::wait_for_work() {
  while (filling_.empty() && !reopen_wanted_ && !stopping_) {
    rest_ = Rest::idle;
    work_.wait(mutex_);
  }
  rest_ = Rest::none;
}

void LogWriter::write_batch() {
  std::swap(filling_, writing_);
  const uint64_t lines = std::exchange(filling_lines_, 0);
  if (options_.overflow == Overflow::wait) progress_.notify_all();  // The other buffer is free.
  mutex_.unlock();
  const Result<void> rotated = file_.rotate_if_due(writing_.size());
  const Result<void> written = file_.write(writing_);
  report(written ? rotated : written);
  writing_.clear();
  mutex_.lock();
  ++stats_.writes;
  stats_.write_errors += (rotated ? 0 : 1) + (written ? 0 : 1);
  if (!written) stats_.lost += lines;
  finished_lines_ += lines;
  progress_.notify_all();
}

void LogWriter::reopen_file() {
  reopen_wanted_ = false;
  mutex_.unlock();
  const Result<void> reopened = file_.reopen();
  report(reopened);
  mutex_.lock();
  if (!reopened) ++stats_.write_errors;
}

void LogWriter::pause() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.pause_us);
  while (!pause_is_over()) {
    rest_ = Rest::pause;
    if (!work_.wait_until(mutex_, end)) break;
  }
  rest_ = Rest::none;
}

bool LogWriter::pause_is_over() const {
  return flushers_ != 0 || stopping_ || reopen_wanted_ || filling_.size() > options_.buffer_bytes / 2;
}

// One event for a series of failures, and one when writing works again.
void LogWriter::report(const Result<void>& outcome) {
  if (!outcome && !error_reported_) events_.error("log cannot be written", {{"error", outcome.error().what}});
  if (outcome && error_reported_) events_.info("log is written again", {{"path", options_.path}});
  error_reported_ = !outcome;
}

}  // namespace roost::observe
