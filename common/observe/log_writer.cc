#include "common/observe/log_writer.h"

#include <chrono>
#include <utility>

#include "common/base/mutex.h"
#include "common/observe/log_file.h"

namespace roost::observe {

class LogWriter::Core {
 public:
  Core(LogWriterOptions options, LogFile file);

  bool append(std::string_view line);
  bool flush(int64_t most_ms);
  void reopen();
  LogWriterStats stats() const;
  /// The thread's function.
  void run();
  /// Asks the thread to end and waits for that; false if a write still hangs. Nothing is reported any more then.
  bool stop();

 private:
  void wait_for_work() ROOST_REQUIRES(mutex_);
  bool has_work() const ROOST_REQUIRES(mutex_);
  void wait_for_room(size_t bytes) ROOST_REQUIRES(mutex_);
  void write_batch() ROOST_REQUIRES(mutex_);
  void reopen_file() ROOST_REQUIRES(mutex_);
  void pause() ROOST_REQUIRES(mutex_);
  bool pause_is_over() const ROOST_REQUIRES(mutex_);
  bool fits(size_t bytes) const ROOST_REQUIRES(mutex_) { return filling_.size() + bytes <= options_.buffer_bytes; }
  bool tells_gaps() const { return options_.gap_line != nullptr; }
  void report(const Result<void>& outcome) ROOST_REQUIRES(mutex_);
  void wake() ROOST_REQUIRES(mutex_);

  /// The writer's sleep, which append() ends: none, idle (at once), pause (once much is waiting).
  enum class Rest : uint8_t { none, idle, pause };
  /// The thread's life: running ──stop()──> stopping ──nothing left to write──> ended; abandoned when that takes long.
  enum class Life : uint8_t { running, stopping, ended, abandoned };

  const LogWriterOptions options_;
  LogFile file_;         ///< Writing thread only.
  std::string writing_;  ///< Writing thread only.

  mutable Mutex mutex_;
  CondVar work_;
  CondVar progress_;
  std::string filling_ ROOST_GUARDED_BY(mutex_);
  uint64_t filling_lines_ ROOST_GUARDED_BY(mutex_) = 0;
  uint64_t finished_lines_ ROOST_GUARDED_BY(mutex_) = 0;  ///< Written or lost.
  uint64_t lost_at_flush_ ROOST_GUARDED_BY(mutex_) = 0;
  LogWriterStats stats_ ROOST_GUARDED_BY(mutex_);
  Rest rest_ ROOST_GUARDED_BY(mutex_) = Rest::none;
  Life life_ ROOST_GUARDED_BY(mutex_) = Life::running;
  unsigned flushers_ ROOST_GUARDED_BY(mutex_) = 0;
  bool reopen_wanted_ ROOST_GUARDED_BY(mutex_) = false;
  bool stuck_ ROOST_GUARDED_BY(mutex_) = false;  ///< append() has waited in vain; cleared when a buffer becomes free.
  bool error_reported_ ROOST_GUARDED_BY(mutex_) = false;
};

LogWriter::Core::Core(LogWriterOptions options, LogFile file) : options_(std::move(options)), file_(std::move(file)) {
  const MutexLock lock(mutex_);
  filling_.reserve(options_.buffer_bytes);
  writing_.reserve(options_.buffer_bytes);
}

bool LogWriter::Core::append(std::string_view line) {
  const MutexLock lock(mutex_);
  const size_t bytes = line.size() + 1;
  if (options_.overflow == Overflow::wait && bytes <= options_.buffer_bytes) wait_for_room(bytes);
  if (!fits(bytes)) {
    ++stats_.dropped;
    ++stats_.missing;
    return false;
  }
  filling_.append(line).push_back('\n');
  ++filling_lines_;
  ++stats_.lines;
  const bool much = filling_.size() > options_.buffer_bytes / 2;
  if (rest_ == Rest::idle || (rest_ == Rest::pause && much)) wake();
  return true;
}

void LogWriter::Core::wait_for_room(size_t bytes) {
  if (stuck_ || fits(bytes)) return;
  const auto deadline = CondVar::deadline_in_ms(options_.max_wait_ms);
  while (!fits(bytes) && !stuck_) stuck_ = !progress_.wait_until(mutex_, deadline) && !fits(bytes);
}

bool LogWriter::Core::flush(int64_t most_ms) {
  const MutexLock lock(mutex_);
  const uint64_t target = stats_.lines;
  const auto deadline = CondVar::deadline_in_ms(most_ms);
  bool in_time = true;
  ++flushers_;
  wake();
  while (finished_lines_ < target && in_time) {
    if (most_ms == kForever) {
      progress_.wait(mutex_);
    } else {
      in_time = progress_.wait_until(mutex_, deadline) || finished_lines_ >= target;
    }
  }
  --flushers_;
  return std::exchange(lost_at_flush_, stats_.lost) == stats_.lost && in_time;
}

void LogWriter::Core::reopen() {
  const MutexLock lock(mutex_);
  reopen_wanted_ = true;
  wake();
}

LogWriterStats LogWriter::Core::stats() const {
  const MutexLock lock(mutex_);
  return stats_;
}

bool LogWriter::Core::stop() {
  const MutexLock lock(mutex_);
  if (life_ == Life::running) life_ = Life::stopping;
  wake();
  const auto deadline = CondVar::deadline_in_ms(options_.give_up_ms);
  while (life_ != Life::ended && progress_.wait_until(mutex_, deadline)) {
  }
  if (life_ == Life::ended) return true;
  life_ = Life::abandoned;
  return false;
}

// The next append() need not wake the thread again.
void LogWriter::Core::wake() {
  rest_ = Rest::none;
  work_.notify_one();
}

void LogWriter::Core::run() {
  const MutexLock lock(mutex_);
  while (life_ != Life::abandoned) {
    wait_for_work();
    if (!filling_.empty()) write_batch();
    if (reopen_wanted_) reopen_file();
    if (life_ == Life::stopping && filling_.empty()) break;
    pause();
  }
  if (stats_.missing > 0 && tells_gaps() && life_ == Life::stopping) write_batch();
  life_ = Life::ended;
  progress_.notify_all();
}

bool LogWriter::Core::has_work() const {
  return !filling_.empty() || reopen_wanted_ || life_ != Life::running;
}

void LogWriter::Core::wait_for_work() {
  while (!has_work()) {
    rest_ = Rest::idle;
    work_.wait(mutex_);
  }
  rest_ = Rest::none;
}

void LogWriter::Core::write_batch() {
  std::swap(filling_, writing_);
  const uint64_t lines = std::exchange(filling_lines_, 0);
  const uint64_t missing = tells_gaps() ? stats_.missing : 0;
  stuck_ = false;
  if (options_.overflow == Overflow::wait) progress_.notify_all();  // The other buffer is free.
  mutex_.unlock();
  if (missing > 0) writing_.insert(0, options_.gap_line(missing) + "\n");
  const Result<void> rotated = file_.rotate_if_due(writing_.size());
  const Result<void> written = file_.write(writing_);
  writing_.clear();
  mutex_.lock();
  report(written ? rotated : written);
  ++stats_.writes;
  stats_.write_errors += (rotated ? 0 : 1) + (written ? 0 : 1);
  if (written) {
    stats_.missing -= missing;
  } else {
    stats_.lost += lines;
    stats_.missing += lines;
  }
  finished_lines_ += lines;
  progress_.notify_all();
}

void LogWriter::Core::reopen_file() {
  reopen_wanted_ = false;
  mutex_.unlock();
  const Result<void> reopened = file_.reopen();
  mutex_.lock();
  report(reopened);
  if (!reopened) ++stats_.write_errors;
}

void LogWriter::Core::pause() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.pause_us);
  while (!pause_is_over()) {
    rest_ = Rest::pause;
    if (!work_.wait_until(mutex_, end)) break;
  }
  rest_ = Rest::none;
}

bool LogWriter::Core::pause_is_over() const {
  return flushers_ != 0 || life_ != Life::running || reopen_wanted_ || filling_.size() > options_.buffer_bytes / 2;
}

void LogWriter::Core::report(const Result<void>& outcome) {
  const bool changed = outcome.has_value() == error_reported_;
  error_reported_ = !outcome;
  if (changed && options_.report && life_ != Life::abandoned) options_.report(outcome);
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(LogWriterOptions options) {
  auto file = options.descriptor >= 0 ? LogFile::adopt(options.descriptor, options.path)
                                      : LogFile::open(options.path, options.rotate_bytes, options.keep_files);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<LogWriter>(new LogWriter(std::make_shared<Core>(std::move(options), std::move(*file))));
}

LogWriter::LogWriter(std::shared_ptr<Core> core) : core_(std::move(core)), thread_([core = core_] { core->run(); }) {}

LogWriter::~LogWriter() {
  if (core_->stop()) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool LogWriter::append(std::string_view line) {
  return core_->append(line);
}
bool LogWriter::flush(int64_t most_ms) {
  return core_->flush(most_ms);
}
void LogWriter::reopen() {
  core_->reopen();
}
LogWriterStats LogWriter::stats() const {
  return core_->stats();
}

}  // namespace roost::observe
