#include "api/logs/log_reader.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/logs/reverse_lines.h"

namespace roost::api {
namespace {

constexpr std::string_view kPrefix = "requests-";
constexpr std::string_view kSuffix = ".log";
// Files with a higher number are no log's of ours, or too old to be among the newest kMaxLogFiles.
constexpr unsigned kMaxLogNumber = 1000;

// What files a worker may have: "requests-w1.log" is number 0, "requests-w1.log.3" number 3, which is older.
using HighestNumbers = std::map<std::string, unsigned>;  // by path of number 0

// The path of number 0 and the number, of a name that belongs to a request log.
std::optional<std::pair<std::string, unsigned>> parse_name(std::string_view name) {
  if (name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  const size_t suffix = name.rfind(kSuffix);
  if (suffix == std::string_view::npos || suffix < kPrefix.size()) return std::nullopt;
  const std::string base(name.substr(0, suffix + kSuffix.size()));
  const std::string_view number = name.substr(base.size());
  if (number.empty()) return std::pair(base, 0U);
  unsigned value = 0;
  const char* end = number.data() + number.size();
  const auto [rest, error] = std::from_chars(number.data() + 1, end, value);
  if (number[0] != '.' || error != std::errc{} || rest != end || value == 0 || value > kMaxLogNumber)
    return std::nullopt;
  return std::pair(base, value);
}

Result<HighestNumbers> list_logs(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (stream == nullptr) return fail_errno("open " + directory, errno);
  HighestNumbers logs;
  while (const dirent* found = ::readdir(stream.get())) {
    const auto log = parse_name(found->d_name);
    if (!log) continue;
    unsigned& highest = logs[directory + "/" + log->first];
    highest = std::max(highest, log->second);
  }
  return logs;
}

bool matches(const LogRecord& record, const LogQuery& query) {
  if (record.time_us < query.since_us) return false;
  if (query.kind && *query.kind != record.kind) return false;
  if (!query.method.empty() && ::strcasecmp(query.method.c_str(), record.verb.c_str()) != 0) return false;
  return record.subject.compare(0, query.path_prefix.size(), query.path_prefix) == 0;
}

// The matching records of one worker, newest first.
class Source {
 public:
  void add_file(ReverseLines lines) { files_.push_back(std::move(lines)); }
  /// Null at the end.
  LogRecord* head() { return head_ ? &*head_ : nullptr; }
  /// When the head was written: its time, but no later than what was written behind it, beyond kMaxDisorderUs.
  int64_t written_us() const { return written_us_; }
  /// The head's time is later than that: the clock was set back since.
  bool clock_went_back() const { return head_ && head_->time_us != written_us_; }
  /// How many records stand before the head; grows towards the past.
  uint64_t position() const { return position_; }
  void advance(const LogQuery& query, LogAnswer& answer, uint64_t& bytes_left);

 private:
  std::vector<ReverseLines> files_;  // newest first
  size_t current_ = 0;
  std::optional<LogRecord> head_;
  int64_t written_us_ = std::numeric_limits<int64_t>::max() - kMaxDisorderUs;
  uint64_t position_ = 0;
  uint64_t charged_bytes_ = 0;  // of the current file
};

void Source::advance(const LogQuery& query, LogAnswer& answer, uint64_t& bytes_left) {
  head_.reset();
  while (current_ < files_.size()) {
    ReverseLines& lines = files_[current_];
    const auto line = lines.next();
    const uint64_t bytes = lines.bytes_read() - std::exchange(charged_bytes_, lines.bytes_read());
    if (bytes > bytes_left) {
      answer.incomplete = true;
      current_ = files_.size();
      return;
    }
    bytes_left -= bytes;
    if (!line) {
      answer.malformed_lines += lines.lines_too_long();
      answer.incomplete |= lines.failed();
      ++current_;
      charged_bytes_ = 0;
      continue;
    }
    ++position_;
    if (line->empty()) continue;
    head_ = parse_record(*line);
    if (!head_) {
      ++answer.malformed_lines;
      continue;
    }
    if (head_->time_us <= written_us_ + kMaxDisorderUs) written_us_ = head_->time_us;
    if (head_->time_us < std::max<int64_t>(query.since_us, 0) - kMaxDisorderUs) {
      head_.reset();
      current_ = files_.size();
    } else if (head_->kind == RecordKind::gap) {
      answer.incomplete |= head_->time_us >= query.since_us;
    } else if (matches(*head_, query)) {
      return;
    }
  }
  head_.reset();
}

// Opens the files of one request log, from number 0 on. A rotation meanwhile moves files in the same direction, so none
// is missed: it is met again under the next number, and told by its inode, or it is met there for the first time. At
// any instant a rotation leaves one number without a file, and it may add one above the highest listed; hence the look
// at some numbers more. The files are read only after all are open: one that was opened when it was new is read up to
// where the next one continues it.
class LogOpener {
 public:
  LogOpener(std::string path, unsigned highest) : path_(std::move(path)), highest_(highest) {}
  /// Opens the next number; false when there is none.
  bool open_next();
  Source source;
  bool failed = false;
  size_t opened() const { return inodes_.size(); }
  /// A number that is known to have a file has not been opened yet.
  bool has_more() const { return number_ <= highest_; }

 private:
  static constexpr unsigned kNumbersMore = 3;

  std::string path_;
  unsigned highest_;
  unsigned number_ = 0;
  std::set<std::pair<dev_t, ino_t>> inodes_;
};

bool LogOpener::open_next() {
  if (number_ > highest_ + kNumbersMore) return false;
  const std::string path = number_ == 0 ? path_ : path_ + "." + std::to_string(number_);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
    failed |= errno != ENOENT;
    if (descriptor >= 0) ::close(descriptor);
  } else if (S_ISREG(status.st_mode) && inodes_.emplace(status.st_dev, status.st_ino).second) {
    source.add_file(ReverseLines(descriptor));
    highest_ = std::max(highest_, number_);
  } else {
    ::close(descriptor);
  }
  ++number_;
  return true;
}

// Number by number over all workers, so that it is the oldest files that are left out when there are too many.
std::vector<Source> open_sources(const HighestNumbers& logs, bool& incomplete) {
  std::vector<LogOpener> openers;
  for (const auto& [path, highest] : logs) openers.emplace_back(path, highest);
  size_t opened = 0;
  for (bool more = true; more;) {
    more = false;
    for (LogOpener& opener : openers) {
      if (opened == kMaxLogFiles) break;
      opened -= opener.opened();
      more |= opener.open_next();
      opened += opener.opened();
    }
    if (opened == kMaxLogFiles) break;
  }
  std::vector<Source> sources;
  for (LogOpener& opener : openers) {
    incomplete |= opener.failed || opener.has_more();
    sources.push_back(std::move(opener.source));
  }
  return sources;
}

// A record of the answer, with where it stood in its worker's files.
struct Found {
  LogRecord record;
  int64_t written_us;
  uint64_t position;
  friend bool operator<(const Found& a, const Found& b) {
    if (a.written_us != b.written_us) return a.written_us < b.written_us;
    if (const int order = a.record.worker.compare(b.record.worker); order != 0) return order < 0;
    return a.position > b.position;
  }
};

void keep_newest(std::vector<Found>& found, size_t limit) {
  std::sort(found.begin(), found.end());
  if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
}

Source* newest(std::vector<Source>& sources) {
  Source* best = nullptr;
  for (Source& source : sources) {
    if (source.head() == nullptr) continue;
    if (best == nullptr || source.written_us() > best->written_us()) best = &source;
  }
  return best;
}

std::vector<Found> merge(std::vector<Source>& sources, const LogQuery& query, size_t limit, LogAnswer& answer) {
  std::vector<Found> found;
  uint64_t bytes_left = query.max_scan_bytes;
  int64_t oldest_us = std::numeric_limits<int64_t>::max();  // of the first `limit` records found
  for (Source& source : sources) source.advance(query, answer, bytes_left);
  while (Source* source = newest(sources)) {
    const int64_t written_us = source->written_us();
    if (found.size() < limit) oldest_us = std::min(oldest_us, written_us);
    // From before the clock was set back: the order is that of the file, without disorder.
    const bool older = source->clock_went_back() ? written_us <= oldest_us : written_us < oldest_us - kMaxDisorderUs;
    if (found.size() >= limit && older) break;
    if (found.size() >= 2 * limit) keep_newest(found, limit);
    found.push_back({std::move(*source->head()), written_us, source->position()});
    source->advance(query, answer, bytes_left);
  }
  keep_newest(found, limit);
  return found;
}

}  // namespace

Result<LogAnswer> read_request_logs(const std::string& directory, const LogQuery& query) {
  const auto logs = list_logs(directory);
  if (!logs) return tl::unexpected(logs.error());
  LogAnswer answer;
  const size_t limit = std::clamp<size_t>(query.limit, 1, LogQuery::kMaxLimit);
  std::vector<Source> sources = open_sources(*logs, answer.incomplete);
  for (Found& found : merge(sources, query, limit, answer)) answer.records.push_back(std::move(found.record));
  return answer;
}

}  // namespace roost::api
