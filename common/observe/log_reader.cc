#include "common/observe/log_reader.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/observe/reverse_lines.h"

namespace roost::observe {
namespace {

constexpr std::string_view kPrefix = "requests-";
constexpr std::string_view kSuffix = ".log";

// A file of one worker: "requests-w1.log" is number 0, "requests-w1.log.3" number 3, which is older.
struct LogFileName {
  std::string worker;
  unsigned number = 0;
  std::string name;
  friend bool operator<(const LogFileName& a, const LogFileName& b) {
    return std::tie(a.number, a.worker) < std::tie(b.number, b.worker);
  }
};

std::optional<LogFileName> parse_name(std::string_view name) {
  if (name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  const size_t suffix = name.rfind(kSuffix);
  if (suffix == std::string_view::npos || suffix < kPrefix.size()) return std::nullopt;
  LogFileName file{std::string(name.substr(kPrefix.size(), suffix - kPrefix.size())), 0, std::string(name)};
  std::string_view number = name.substr(suffix + kSuffix.size());
  if (number.empty()) return file;
  const char* end = number.data() + number.size();
  if (number[0] != '.') return std::nullopt;
  const auto [rest, error] = std::from_chars(number.data() + 1, end, file.number);
  if (error != std::errc{} || rest != end || file.number == 0) return std::nullopt;
  return file;
}

Result<std::vector<LogFileName>> list_files(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (stream == nullptr) return fail_errno("open " + directory, errno);
  std::vector<LogFileName> files;
  while (const dirent* found = ::readdir(stream.get())) {
    if (auto file = parse_name(found->d_name)) files.push_back(std::move(*file));
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool matches(const LogRecord& record, const LogQuery& query) {
  if (record.time_us < query.since_us || record.time_us >= query.until_us) return false;
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
  /// How many records stand before the head; grows towards the past.
  uint64_t position() const { return position_; }
  void advance(const LogQuery& query, LogAnswer& answer, uint64_t& bytes_left);

 private:
  std::vector<ReverseLines> files_;  // newest first
  size_t current_ = 0;
  std::optional<LogRecord> head_;
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
    } else if (head_->time_us < std::max<int64_t>(query.since_us, 0) - kMaxDisorderUs) {
      head_.reset();
      current_ = files_.size();
    } else if (matches(*head_, query)) {
      return;
    }
  }
  head_.reset();
}

// Newest number first, so that a file renamed by a rotation meanwhile is met again rather than missed; the second
// meeting is told by the inode.
std::vector<Source> open_sources(const std::string& directory, const std::vector<LogFileName>& files,
                                 bool& incomplete) {
  std::map<std::string, Source> by_worker;
  std::map<std::pair<dev_t, ino_t>, bool> opened;
  for (const LogFileName& file : files) {
    if (opened.size() == kMaxLogFiles) {
      incomplete = true;
      break;
    }
    const int descriptor = ::open((directory + "/" + file.name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status {};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
      incomplete |= errno != ENOENT;
      if (descriptor >= 0) ::close(descriptor);
      continue;
    }
    if (!S_ISREG(status.st_mode) || !opened.try_emplace({status.st_dev, status.st_ino}, true).second) {
      ::close(descriptor);
      continue;
    }
    by_worker[file.worker].add_file(ReverseLines(descriptor));
  }
  std::vector<Source> sources;
  for (auto& [worker, source] : by_worker) sources.push_back(std::move(source));
  return sources;
}

// A record of the answer, with where it stood in its worker's files.
struct Found {
  LogRecord record;
  uint64_t position;
  friend bool operator<(const Found& a, const Found& b) {
    if (a.record.time_us != b.record.time_us) return a.record.time_us < b.record.time_us;
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
    if (best == nullptr || source.head()->time_us > best->head()->time_us) best = &source;
  }
  return best;
}

std::vector<Found> merge(std::vector<Source>& sources, const LogQuery& query, size_t limit, LogAnswer& answer) {
  std::vector<Found> found;
  uint64_t bytes_left = query.max_scan_bytes;
  int64_t oldest_us = std::numeric_limits<int64_t>::max();  // of the first `limit` records found
  for (Source& source : sources) source.advance(query, answer, bytes_left);
  while (Source* source = newest(sources)) {
    const int64_t time_us = source->head()->time_us;
    if (found.size() < limit) oldest_us = std::min(oldest_us, time_us);
    if (found.size() >= limit && time_us < oldest_us - kMaxDisorderUs) break;
    if (found.size() >= 2 * limit) keep_newest(found, limit);
    found.push_back({std::move(*source->head()), source->position()});
    source->advance(query, answer, bytes_left);
  }
  keep_newest(found, limit);
  return found;
}

}  // namespace

Result<LogAnswer> read_request_logs(const std::string& directory, const LogQuery& query) {
  const auto files = list_files(directory);
  if (!files) return tl::unexpected(files.error());
  LogAnswer answer;
  const size_t limit = std::clamp<size_t>(query.limit, 1, LogQuery::kMaxLimit);
  std::vector<Source> sources = open_sources(directory, *files, answer.incomplete);
  for (Found& found : merge(sources, query, limit, answer)) answer.records.push_back(std::move(found.record));
  return answer;
}

}  // namespace roost::observe
