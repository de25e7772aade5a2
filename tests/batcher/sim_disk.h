#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "batcher/journal/disk.h"

namespace roost::batcher {

/// What a loss of power decides: which of the things that may or may not survive do. Drawn at random, or gone through
/// one after the other.
class PowerChoices {
 public:
  virtual ~PowerChoices() = default;
  /// A number below `count`.
  virtual uint64_t pick(uint64_t count) = 0;
  /// How many bytes of a torn sector were written.
  virtual size_t tear() = 0;
};

/// A file system in memory that several simulated processes share, and that can lose its power. It is as unkind as
/// POSIX allows: an unsynced sector may or may not survive, each by itself, the last one written may be torn; of the
/// names made, renamed and removed in a directory since its last sync any subset survives; what an fsync failed on
/// never becomes durable by a later one. One thread.
class SimDisk {
 public:
  explicit SimDisk(uint64_t seed) : random_(seed) {}

  struct Node {
    bool is_directory = false;
    // Of a file.
    std::string bytes;        ///< As read now.
    std::string safe;         ///< As it certainly is on the platter.
    std::set<size_t> dirty;   ///< Sectors written since the last sync.
    std::set<size_t> doomed;  ///< Sectors a sync failed on.
    // Of a directory.
    std::map<std::string, std::shared_ptr<Node>> entries;
    std::map<std::string, std::shared_ptr<Node>> safe_entries;
    struct Change {
      std::string from;  ///< Removed, when not empty.
      std::string to;    ///< Added, when not empty.
      std::shared_ptr<Node> node;
    };
    std::vector<Change> changes;  ///< Since the last sync.
    uint64_t locked_by = 0;       ///< The process, 0 for none.
  };
  using NodePtr = std::shared_ptr<Node>;

  /// Power goes and comes back: memory falls back to what was safe plus the chosen part of the rest. No lock is held.
  void lose_power(PowerChoices& choices);
  /// The same with everything drawn at random.
  void lose_power();
  /// A copy that shares nothing with this one.
  SimDisk clone() const;
  /// A process is gone: its locks are free.
  void release_locks(uint64_t process);
  /// The node at a path like "root/a/b"; null when there is none. "." is the top.
  NodePtr find(const std::string& path);
  NodePtr root() { return root_; }
  static NodePtr make_directory() {
    auto node = std::make_shared<Node>();
    node->is_directory = true;
    return node;
  }
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

 private:
  static void settle(const NodePtr& node, PowerChoices& choices);
  void release(const NodePtr& node, uint64_t process);
  std::mt19937_64 random_;
  NodePtr root_ = make_directory();
};

/// One simulated process's view of a SimDisk. Once it is dead every call fails and changes nothing.
class SimProcessDisk final : public Disk {
 public:
  SimProcessDisk(SimDisk& disk, uint64_t process) : disk_(disk), process_(process) {}

  bool dead = false;
  double sync_error = 0;   ///< Chance that a sync fails.
  double write_error = 0;  ///< Chance that a write fails, part of it done.
  double space_error = 0;  ///< Chance that there is no space to set aside.
  uint64_t operations = 0;
  /// Called before each operation, which may mark this or other processes dead.
  std::function<void()> before_operation;

  Result<void> create_directory(const std::string& path) override;
  Result<void> remove_directory(const std::string& path) override;
  Result<std::unique_ptr<DiskFile>> create(const std::string& path) override;
  Result<std::unique_ptr<DiskFile>> open(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) override;

  /// True when the operation may go on.
  bool begin_operation();
  SimDisk& disk() { return disk_; }
  uint64_t process() const { return process_; }

 private:
  Result<void> remove(const std::string& path);
  SimDisk& disk_;
  const uint64_t process_;
};

}  // namespace roost::batcher
