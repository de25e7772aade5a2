#include "api/log_store/log_shipper.h"

#include <cerrno>
#include <memory>
#include <random>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "api/logs/log_record.h"
#include "common/base/clock.h"

namespace roost::api {
namespace {

constexpr size_t kSourceDigits = 32;

std::string random_source() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

std::string read_source(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "";
  std::string text(kSourceDigits, '\0');
  const ssize_t got = ::read(descriptor, text.data(), text.size());
  ::close(descriptor);
  const bool whole =
      got == static_cast<ssize_t>(kSourceDigits) && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return whole ? text : "";
}

/// What identifies the log in the database: of a worker's files, made with the first of them, whatever their host and
/// worker are called.
Result<std::string> source_of(const std::string& path) {
  if (std::string known = read_source(path); !known.empty()) return known;
  const std::string made = random_source();
  const std::string draft = path + ".new";
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (descriptor < 0) return fail_errno("create " + draft, errno);
  const bool written =
      ::write(descriptor, made.data(), made.size()) == static_cast<ssize_t>(made.size()) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0) return fail_errno("write " + path, errno);
  return made;
}

LogRows gap_rows(const std::string& worker, const std::string& host, const KeptLogDays& kept) {
  std::string line;
  append_json(line, LogGap{.time_us = SystemClock().unix_ms() * 1000, .worker = worker});
  return log_rows(line, host, kept);
}

}  // namespace

Result<std::unique_ptr<LogShipper>> LogShipper::start(Options options, const PgTarget& target,
                                                      const PgSession::Limits& limits, observe::EventLog& events) {
  auto source = source_of(request_log_path(options.directory, options.worker) + ".source");
  if (!source) return tl::unexpected<Error>(source.error());
  return std::unique_ptr<LogShipper>(new LogShipper(std::move(options), std::move(*source), target, limits, events));
}

LogShipper::LogShipper(Options options, std::string source, const PgTarget& target, const PgSession::Limits& limits,
                       observe::EventLog& events)
    : options_(std::move(options)),
      source_(std::move(source)),
      events_(events),
      table_(target, limits),
      tail_(request_log_path(options_.directory, options_.worker)),
      thread_([this] { run(); }) {}

LogShipper::~LogShipper() {
  ship_now(kLastMs);
  {
    const MutexLock guard(mutex_);
    ending_ = true;
  }
  table_.break_off();
  wake_.notify_all();
  thread_.join();
}

LogShipper::Stats LogShipper::stats() const {
  return {.stored = stored_, .left_out = left_out_, .gaps = gaps_, .failures = failures_};
}

// ---- rounds ---------------------------------------------------------------------------------------------------------

void LogShipper::run() {
  while (const uint64_t round = wait_for_round()) end_round(round, ship());
}

uint64_t LogShipper::wait_for_round() {
  const MutexLock guard(mutex_);
  const CondVar::Deadline due = CondVar::deadline_in_ms(kPeriodMs);
  while (!ending_ && asked_ == made_ && wake_.wait_until(mutex_, due)) {
  }
  if (ending_) return 0;
  if (asked_ == made_) ++asked_;
  return asked_;
}

void LogShipper::end_round(uint64_t round, bool done) {
  const MutexLock guard(mutex_);
  made_ = round;
  last_done_ = done;
  served_.notify_all();
}

bool LogShipper::ship_now(int64_t most_ms) {
  const MutexLock guard(mutex_);
  const CondVar::Deadline due = CondVar::deadline_in_ms(most_ms);
  const uint64_t mine = ++asked_;
  wake_.notify_all();
  while (made_ < mine) {
    if (!served_.wait_until(mutex_, due)) return false;
  }
  return last_done_;
}

// ---- one round ------------------------------------------------------------------------------------------------------

KeptLogDays LogShipper::kept() const {
  return {.today = log_day_of(SystemClock().unix_ms() * 1000), .keep_days = options_.keep_days};
}

/// Copies all that there is; true when it is in the table.
bool LogShipper::ship() {
  Result<void> done = begin();
  if (done) done = keep_days();
  while (done) {
    const auto more = ship_chunk();
    if (!more) {
      done = tl::unexpected<Error>(more.error());
    } else if (!*more) {
      break;
    }
  }
  if (!done) {
    ++failures_;
    table_.close();
    if (!std::exchange(away_, true)) {
      events_.warning("log is not stored", {{"server", table_.server()}, {"why", done.error().what}});
    }
    return false;
  }
  if (std::exchange(away_, false)) events_.info("log is stored again", {{"server", table_.server()}});
  return true;
}

Result<void> LogShipper::begin() {
  if (table_.is_open()) return {};
  if (auto opened = table_.open(); !opened) return opened;
  const auto position = table_.position_of(source_);
  if (!position) return tl::unexpected<Error>(position.error());
  stored_at_ = *position;
  tail_.seek(*position);
  return {};
}

Result<void> LogShipper::keep_days() {
  const int64_t now_ms = SystemClock().monotonic_ms();
  if (kept_at_ms_ != INT64_MIN && now_ms < kept_at_ms_ + kKeepMs) return {};
  auto done = table_.keep(kept());
  if (done) kept_at_ms_ = now_ms;
  return done;
}

/// False when there is nothing to copy.
Result<bool> LogShipper::ship_chunk() {
  const std::string_view lines = tail_.next();
  if (lines.empty()) return false;
  LogRows rows = log_rows(lines, options_.host, kept());
  if (tail_.take_lost()) {
    ++gaps_;
    events_.warning("log files were removed before they were stored", {{"worker", options_.worker}});
    const LogRows gap = gap_rows(options_.worker, options_.host, kept());
    rows.text += gap.text;
    rows.count += gap.count;
    rows.days.insert(gap.days.begin(), gap.days.end());
  }
  // After a seek to files that are new, the position in the table is still that of the file that is gone.
  if (auto stored = table_.append(source_, stored_at_, tail_.end(), rows); !stored)
    return tl::unexpected<Error>(stored.error());
  stored_at_ = tail_.end();
  tail_.advance();
  stored_ += rows.count;
  left_out_ += rows.left_out;
  return true;
}

}  // namespace roost::api
