#include "api/logs/reverse_lines.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "api/logs/log_record.h"

namespace roost::api {

ReverseLines::ReverseLines(ReverseLines&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      offset_(other.offset_),
      buffer_(std::move(other.buffer_)),
      end_(other.end_),
      skipping_(other.skipping_),
      started_(other.started_),
      failed_(other.failed_),
      bytes_read_(other.bytes_read_),
      lines_too_long_(other.lines_too_long_) {}

ReverseLines::~ReverseLines() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ReverseLines::find_end() {
  struct stat status {};
  failed_ = ::fstat(descriptor_, &status) != 0;
  offset_ = failed_ ? 0 : static_cast<uint64_t>(status.st_size);
}

// Unless skipping, buffer_[end_ - 1] is the newline that ends the next line to return.
std::optional<std::string_view> ReverseLines::next() {
  if (!std::exchange(started_, true)) find_end();
  for (;;) {
    if (!skipping_ && end_ == 0) return std::nullopt;
    const std::string_view before(buffer_.data(), skipping_ ? end_ : end_ - 1);
    const size_t newline = before.rfind('\n');
    if (newline != std::string_view::npos) {
      end_ = newline + 1;
      if (!std::exchange(skipping_, false)) return before.substr(newline + 1);
      continue;
    }
    if (offset_ == 0) {
      end_ = 0;
      if (std::exchange(skipping_, false)) return std::nullopt;
      return before;
    }
    if (!skipping_ && end_ > kMaxRecordBytes) {
      skipping_ = true;
      ++lines_too_long_;
    }
    if (skipping_) end_ = 0;
    if (!read_block()) return std::nullopt;
  }
}

// Puts the block before offset_ in front of what is left.
bool ReverseLines::read_block() {
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(kBlockBytes, offset_));
  std::string block(wanted + end_, '\0');
  size_t filled = 0;
  while (filled < wanted) {
    const uint64_t from = offset_ - wanted + filled;
    const ssize_t got = ::pread(descriptor_, block.data() + filled, wanted - filled, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      failed_ = true;
      skipping_ = false;
      end_ = 0;
      return false;
    }
    filled += static_cast<size_t>(got);
  }
  std::copy_n(buffer_.data(), end_, block.data() + wanted);
  buffer_ = std::move(block);
  end_ += wanted;
  offset_ -= wanted;
  bytes_read_ += wanted;
  return true;
}

}  // namespace roost::api
