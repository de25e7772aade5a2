#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace roost::proxy {

class BodySpool;

/// What does not fit into memory of one request's body, in a file that has no name: it is gone with this object, or
/// with the process. Writing and reading block, as for any file that the kernel caches. One thread.
class BodyFile {
 public:
  ~BodyFile();
  BodyFile(const BodyFile&) = delete;
  BodyFile& operator=(const BodyFile&) = delete;

  /// After an error, of the disk or of the spool's bound, the file is as long as it was before.
  Result<void> append(std::string_view bytes);
  /// At most `most` bytes from `offset` on, fewer only at the end.
  Result<size_t> read(uint64_t offset, char* into, size_t most) const;
  uint64_t size() const { return size_; }

 private:
  friend class BodySpool;
  BodyFile(BodySpool& spool, int fd) : spool_(spool), fd_(fd) {}
  BodySpool& spool_;
  const int fd_;
  uint64_t size_ = 0;
};

/// The directory for the bodies of requests that are gathered before a backend is chosen, and the bound of what they
/// take there together. Outlives its files. Any thread.
class BodySpool {
 public:
  BodySpool(std::string directory, uint64_t most_bytes) : directory_(std::move(directory)), most_bytes_(most_bytes) {}
  Result<std::unique_ptr<BodyFile>> open();
  uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class BodyFile;
  bool take(uint64_t bytes);
  void give_back(uint64_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  const std::string directory_;
  const uint64_t most_bytes_;
  std::atomic<uint64_t> used_bytes_{0};
};

}  // namespace roost::proxy
