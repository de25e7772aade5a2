#include "tests/batcher/sim_disk.h"

#include <algorithm>
#include <cerrno>

namespace roost::batcher {
namespace {

constexpr size_t kSector = 512;

tl::unexpected<Error> simulated(int code, const std::string& path) {
  return fail_errno("simulated: " + path, code);
}

struct Place {
  SimDisk::NodePtr parent;
  std::string name;
};

Place place_of(SimDisk& disk, const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {disk.root(), path};
  return {disk.find(path.substr(0, slash)), path.substr(slash + 1)};
}

void copy_sector(const std::string& from, std::string& to, size_t sector, size_t bytes = kSector) {
  const size_t start = sector * kSector;
  for (size_t i = start; i < std::min({start + bytes, from.size(), to.size()}); ++i) to[i] = from[i];
}

class RandomChoices final : public PowerChoices {
 public:
  explicit RandomChoices(std::mt19937_64& random) : random_(random) {}
  uint64_t pick(uint64_t count) override { return random_() % count; }
  size_t tear() override { return random_() % kSector; }

 private:
  std::mt19937_64& random_;
};

/// Of the names changed since the last sync a first part survives, or any.
void settle_names(SimDisk::Node& node, PowerChoices& choices) {
  const size_t count = node.changes.size();
  const bool in_order = count > 1 && choices.pick(2) == 0;
  const size_t first_part = in_order ? choices.pick(count + 1) : 0;
  for (size_t i = 0; i < count; ++i) {
    const SimDisk::Node::Change& change = node.changes[i];
    if (in_order ? i >= first_part : choices.pick(2) == 0) continue;
    auto& names = node.safe_entries;
    // A change that builds on one that was lost is lost too.
    if (!change.from.empty() && names.erase(change.from) == 0) continue;
    if (!change.to.empty()) names[change.to] = change.node;
  }
  node.changes.clear();
  node.entries = node.safe_entries;
}

/// Of the sectors written since the last sync each survives, or does not, or is torn; so does the file's size.
void settle_file(SimDisk::Node& node, PowerChoices& choices) {
  if (node.safe.size() < node.bytes.size() && choices.pick(2) == 0) node.safe.resize(node.bytes.size());
  std::set<size_t> uncertain = std::move(node.dirty);
  uncertain.insert(node.doomed.begin(), node.doomed.end());
  for (size_t sector : uncertain) {
    if (sector * kSector >= node.safe.size()) continue;
    const uint64_t fate = choices.pick(3);
    if (fate != 0) copy_sector(node.bytes, node.safe, sector, fate == 1 ? kSector : choices.tear());
  }
  node.dirty.clear();
  node.doomed.clear();
  node.bytes = node.safe;
}

/// A tree of nodes once more; one that stands under several names stays one.
class Cloning {
 public:
  SimDisk::NodePtr clone(const SimDisk::NodePtr& node) {
    if (!node) return nullptr;
    auto& copy = copies_[node.get()];
    if (copy) return copy;
    copy = std::make_shared<SimDisk::Node>(*node);
    const auto result = copy;
    for (auto* names : {&result->entries, &result->safe_entries}) {
      for (auto& [name, child] : *names) child = clone(child);
    }
    for (auto& change : result->changes) change.node = clone(change.node);
    return result;
  }

 private:
  std::map<const SimDisk::Node*, SimDisk::NodePtr> copies_;
};

class SimFile final : public DiskFile {
 public:
  SimFile(SimProcessDisk& process, SimDisk::NodePtr node, std::string path)
      : process_(process), node_(std::move(node)), path_(std::move(path)) {}

  Result<uint64_t> size() override {
    if (!process_.begin_operation()) return simulated(EIO, path_);
    return node_->bytes.size();
  }
  Result<size_t> pread(char* into, size_t size, uint64_t offset) override {
    if (!process_.begin_operation()) return simulated(EIO, path_);
    return node_->bytes.copy(into, size, offset);
  }
  Result<void> pwrite(std::string_view bytes, uint64_t offset) override {
    if (!process_.begin_operation()) return simulated(EIO, path_);
    const bool failing = process_.disk().chance(process_.write_error);
    if (failing) bytes = bytes.substr(0, bytes.size() / 2);
    if (node_->bytes.size() < offset + bytes.size()) node_->bytes.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), node_->bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    if (!bytes.empty()) {
      for (size_t s = offset / kSector; s <= (offset + bytes.size() - 1) / kSector; ++s) node_->dirty.insert(s);
    }
    if (failing) return simulated(EIO, path_);
    return {};
  }
  Result<void> preallocate(uint64_t size) override {
    if (!process_.begin_operation()) return simulated(EIO, path_);
    if (process_.disk().chance(process_.space_error)) return simulated(ENOSPC, path_);
    node_->bytes.resize(size);
    return {};
  }
  Result<void> datasync() override {
    if (!process_.begin_operation()) return simulated(EIO, path_);
    if (process_.disk().chance(process_.sync_error)) {
      node_->doomed.insert(node_->dirty.begin(), node_->dirty.end());
      node_->dirty.clear();
      return simulated(EIO, path_);
    }
    node_->safe.resize(node_->bytes.size());
    for (size_t sector : node_->dirty) {
      if (!node_->doomed.contains(sector)) copy_sector(node_->bytes, node_->safe, sector);
    }
    node_->dirty.clear();
    return {};
  }

 private:
  SimProcessDisk& process_;
  SimDisk::NodePtr node_;
  std::string path_;
};

class SimLock final : public DirectoryLock {
 public:
  SimLock(SimDisk::NodePtr node, uint64_t process) : node_(std::move(node)), process_(process) {}
  ~SimLock() override {
    if (node_->locked_by == process_) node_->locked_by = 0;
  }

 private:
  SimDisk::NodePtr node_;
  uint64_t process_;
};

}  // namespace

// ---- SimDisk
// ---------------------------------------------------------------------------------------------------------

SimDisk::NodePtr SimDisk::find(const std::string& path) {
  NodePtr node = root_;
  if (path == ".") return node;
  for (size_t start = 0; node != nullptr && start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const auto at = node->entries.find(path.substr(start, end - start));
    node = at == node->entries.end() ? nullptr : at->second;
    start = end + 1;
  }
  return node;
}

void SimDisk::lose_power() {
  RandomChoices choices(random_);
  lose_power(choices);
}

void SimDisk::lose_power(PowerChoices& choices) {
  settle(root_, choices);
}

void SimDisk::settle(const NodePtr& node, PowerChoices& choices) {
  node->locked_by = 0;
  if (!node->is_directory) return settle_file(*node, choices);
  settle_names(*node, choices);
  for (const auto& [name, child] : node->entries) settle(child, choices);
}

SimDisk SimDisk::clone() const {
  SimDisk copy(0);
  copy.random_ = random_;
  copy.root_ = Cloning().clone(root_);
  return copy;
}

void SimDisk::release_locks(uint64_t process) {
  release(root_, process);
}

void SimDisk::release(const NodePtr& node, uint64_t process) {
  if (node->locked_by == process) node->locked_by = 0;
  for (const auto& [name, child] : node->entries) release(child, process);
}

// ---- SimProcessDisk
// --------------------------------------------------------------------------------------------------

bool SimProcessDisk::begin_operation() {
  ++operations;
  if (!dead && before_operation) before_operation();
  return !dead;
}

Result<void> SimProcessDisk::create_directory(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  const Place place = place_of(disk_, path);
  if (!place.parent) return simulated(ENOENT, path);
  if (place.parent->entries.contains(place.name)) return simulated(EEXIST, path);
  auto node = SimDisk::make_directory();
  place.parent->entries[place.name] = node;
  place.parent->changes.push_back({"", place.name, node});
  return {};
}

Result<std::unique_ptr<DiskFile>> SimProcessDisk::create(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  const Place place = place_of(disk_, path);
  if (!place.parent) return simulated(ENOENT, path);
  if (place.parent->entries.contains(place.name)) return simulated(EEXIST, path);
  auto node = std::make_shared<SimDisk::Node>();
  place.parent->entries[place.name] = node;
  place.parent->changes.push_back({"", place.name, node});
  return std::unique_ptr<DiskFile>(std::make_unique<SimFile>(*this, node, path));
}

Result<std::unique_ptr<DiskFile>> SimProcessDisk::open(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  const auto node = disk_.find(path);
  if (!node) return simulated(ENOENT, path);
  return std::unique_ptr<DiskFile>(std::make_unique<SimFile>(*this, node, path));
}

Result<void> SimProcessDisk::rename(const std::string& from, const std::string& to) {
  if (!begin_operation()) return simulated(EIO, from);
  const Place source = place_of(disk_, from);
  const Place target = place_of(disk_, to);
  if (!source.parent || source.parent != target.parent) return simulated(ENOENT, from);
  const auto at = source.parent->entries.find(source.name);
  if (at == source.parent->entries.end()) return simulated(ENOENT, from);
  if (source.parent->entries.contains(target.name)) return simulated(EEXIST, to);
  const auto node = at->second;
  source.parent->entries.erase(at);
  source.parent->entries[target.name] = node;
  source.parent->changes.push_back({source.name, target.name, node});
  return {};
}

Result<void> SimProcessDisk::remove(const std::string& path) {
  const Place place = place_of(disk_, path);
  if (!place.parent) return simulated(ENOENT, path);
  const auto at = place.parent->entries.find(place.name);
  if (at == place.parent->entries.end()) return simulated(ENOENT, path);
  if (!at->second->entries.empty()) return simulated(ENOTEMPTY, path);
  place.parent->entries.erase(at);
  place.parent->changes.push_back({place.name, "", nullptr});
  return {};
}

Result<void> SimProcessDisk::remove_directory(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  return remove(path);
}

Result<void> SimProcessDisk::unlink(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  return remove(path);
}

Result<std::vector<std::string>> SimProcessDisk::list(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  const auto node = disk_.find(path);
  if (!node) return simulated(ENOENT, path);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->entries) names.push_back(name);
  return names;
}

Result<void> SimProcessDisk::sync_directory(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  if (disk_.chance(sync_error)) return simulated(EIO, path);
  const auto node = disk_.find(path);
  if (!node) return simulated(ENOENT, path);
  node->changes.clear();
  node->safe_entries = node->entries;
  return {};
}

Result<std::unique_ptr<DirectoryLock>> SimProcessDisk::lock_directory(const std::string& path) {
  if (!begin_operation()) return simulated(EIO, path);
  // Opening and locking are two system calls, between which the directory may be moved.
  const auto node = disk_.find(path);
  if (!node) return simulated(ENOENT, path);
  if (!begin_operation()) return simulated(EIO, path);
  if (node->locked_by != 0) return simulated(EWOULDBLOCK, path);
  node->locked_by = process_;
  auto lock = std::make_unique<SimLock>(node, process_);
  if (!begin_operation() || disk_.find(path) != node) return simulated(ENOENT, path);
  return std::unique_ptr<DirectoryLock>(std::move(lock));
}

}  // namespace roost::batcher
