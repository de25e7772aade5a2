#pragma once

#include <memory>
#include <string>
#include <vector>

#include "batcher/journal/disk.h"

namespace roost::batcher {

/// The file system of the operating system: pwrite, posix_fallocate, fdatasync, flock. Stateless; any thread.
class PosixDisk final : public Disk {
 public:
  Result<void> create_directory(const std::string& path) override;
  Result<void> remove_directory(const std::string& path) override;
  Result<std::unique_ptr<DiskFile>> create(const std::string& path) override;
  Result<std::unique_ptr<DiskFile>> open(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) override;
};

}  // namespace roost::batcher
