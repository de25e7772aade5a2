#include "api/log_store/log_tail.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "api/logs/log_record.h"

namespace roost::api {
namespace {

constexpr unsigned kMaxFiles = 1'001;  ///< as many as a worker may keep, and the one being written
constexpr unsigned kNumbersMore = 2;   ///< looked at behind the last: a rotation under way leaves one out
constexpr int kListings = 5;

ssize_t read_at(int descriptor, char* to, size_t size, uint64_t offset) {
  while (true) {
    const ssize_t got = ::pread(descriptor, to, size, static_cast<off_t>(offset));
    if (got >= 0 || errno != EINTR) return got;
  }
}

int open_to_read(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/// Empty while there is no whole line.
std::string first_line(int descriptor) {
  std::string text(kMaxRecordBytes, '\0');
  const ssize_t got = read_at(descriptor, text.data(), text.size(), 0);
  const size_t end = got <= 0 ? std::string::npos : std::string_view(text.data(), static_cast<size_t>(got)).find('\n');
  return end == std::string::npos ? std::string() : text.substr(0, end);
}

ino_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

std::string LogTail::name_of(std::string_view first_line) {
  const XXH128_hash_t hash = XXH3_128bits(first_line.data(), first_line.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

/// Oldest first. A rotation meanwhile may hide a file, so the listing is repeated until none was.
std::vector<LogTail::File> LogTail::list() const {
  std::vector<File> files;
  for (int i = 0; i < kListings; ++i) {
    const ino_t before = inode_of(path_);
    files = list_once();
    if (before == inode_of(path_)) break;
  }
  return files;
}

std::vector<LogTail::File> LogTail::list_once() const {
  std::vector<File> files;
  unsigned missing = 0;
  for (unsigned number = 0; number < kMaxFiles && missing <= kNumbersMore; ++number) {
    std::string path = number == 0 ? path_ : fmt::format("{}.{}", path_, number);
    const int descriptor = open_to_read(path);
    if (descriptor < 0) {
      ++missing;
      continue;
    }
    const std::string line = first_line(descriptor);
    ::close(descriptor);
    if (!line.empty()) files.push_back({std::move(path), name_of(line)});
  }
  std::reverse(files.begin(), files.end());
  return files;
}

void LogTail::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

/// False when it is no longer the file of that name.
bool LogTail::open(const File& file, uint64_t offset) {
  close();
  descriptor_ = open_to_read(file.path);
  if (descriptor_ < 0 || name_of(first_line(descriptor_)) != file.name) {
    close();
    return false;
  }
  position_ = {file.name, offset};
  size_ = 0;
  return true;
}

void LogTail::seek(const LogPosition& position) {
  close();
  position_ = position;
  size_ = 0;
  for (int i = 0; i < kListings; ++i) {
    const std::vector<File> files = list();
    const auto same = [&](const File& file) { return file.name == position.file; };
    const auto found = std::find_if(files.begin(), files.end(), same);
    if (found == files.end()) break;
    if (open(*found, position.offset)) return;
  }
  lost_ = lost_ || !position.file.empty();
  position_ = {};
}

/// Opens the file behind the one of that name, or the oldest where that is not known.
bool LogTail::open_after(const std::string& name) {
  const std::vector<File> files = list();
  auto next = std::find_if(files.begin(), files.end(), [&](const File& file) { return file.name == name; });
  // The one that was read to its end is no longer there. If it has just been moved away from this name, there is only
  // the new one.
  if (next == files.end()) lost_ = lost_ || (!name.empty() && files.size() > 1);
  next = next == files.end() ? files.begin() : next + 1;
  return next != files.end() && open(*next, 0);
}

/// Another file is being written, so this one does not grow any more.
bool LogTail::is_complete() const {
  struct stat status {};
  const ino_t current = inode_of(path_);
  return current != 0 && ::fstat(descriptor_, &status) == 0 && status.st_ino != current;
}

bool LogTail::read_chunk() {
  buffer_.resize(kChunkBytes);
  const ssize_t got = read_at(descriptor_, buffer_.data(), buffer_.size(), position_.offset);
  const size_t end = got <= 0 ? std::string::npos : buffer_.rfind('\n', static_cast<size_t>(got) - 1);
  size_ = end == std::string::npos ? 0 : end + 1;
  return size_ > 0;
}

std::string_view LogTail::next() {
  size_ = 0;
  if (descriptor_ < 0 && !open_after(position_.file)) return {};
  while (!read_chunk()) {
    // Looked at before the last read, so that what was written to it before the change is not missed.
    if (!is_complete()) return {};
    if (read_chunk()) break;
    if (!open_after(position_.file)) return {};
  }
  return std::string_view(buffer_).substr(0, size_);
}

void LogTail::advance() {
  position_.offset += std::exchange(size_, 0);
}

}  // namespace roost::api
