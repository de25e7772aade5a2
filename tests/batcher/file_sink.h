#pragma once

#include <fstream>
#include <map>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "batcher/sink.h"
#include "common/base/check.h"

namespace roost::batcher {

/// A database in one small file, without a memory for tokens, for processes that are killed: each change writes a new
/// file and renames it over the old one, under a lock. Survives its users, not the machine.
class FileSink final : public Sink {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

  struct Content {
    std::map<int64_t, int64_t> counts;
    std::map<std::string, uint64_t> applied;
  };

  Outcome apply(const JournalId& journal, const Batch& batch) override {
    const Lock lock(path_);
    Content content = load();
    uint64_t& applied = content.applied[journal.hex()];
    if (applied + 1 != batch.sequence) return Outcome::unknown;
    applied = batch.sequence;
    for (const KeyDelta& delta : batch.deltas) content.counts[delta.key] += delta.delta;
    store(content);
    return Outcome::applied;
  }
  Result<uint64_t> applied_seq(const JournalId& journal) override {
    const Lock lock(path_);
    const Content content = load();
    const auto at = content.applied.find(journal.hex());
    return at == content.applied.end() ? 0 : at->second;
  }
  Result<void> forget(const JournalId& journal) override {
    const Lock lock(path_);
    Content content = load();
    content.applied.erase(journal.hex());
    store(content);
    return {};
  }
  Content load() const {
    Content content;
    std::ifstream file(path_);
    std::string kind;
    while (file >> kind) {
      if (kind == "count") {
        int64_t key = 0;
        file >> key >> content.counts[key];
      } else {
        std::string journal;
        file >> journal;
        file >> content.applied[journal];
      }
    }
    return content;
  }

 private:
  struct Lock {
    explicit Lock(const std::string& path) : fd(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
      ROOST_CHECK(fd >= 0 && ::flock(fd, LOCK_EX) == 0);
    }
    ~Lock() { ::close(fd); }
    int fd;
  };
  void store(const Content& content) const {
    {
      std::ofstream file(path_ + ".new");
      for (const auto& [key, count] : content.counts) file << "count " << key << ' ' << count << '\n';
      for (const auto& [journal, sequence] : content.applied) file << "applied " << journal << ' ' << sequence << '\n';
    }
    ROOST_CHECK(std::rename((path_ + ".new").c_str(), path_.c_str()) == 0);
  }
  std::string path_;
};

}  // namespace roost::batcher
