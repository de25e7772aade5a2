#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batcher/batch_sender.h"
#include "batcher/journal/journal.h"
#include "batcher/like_ledger.h"
#include "batcher/options.h"
#include "batcher/sink.h"
#include "common/base/clock.h"

namespace roost::batcher {

/// The sink thread's work for journals whose owner died: finds them, drains them under their own id and removes them,
/// one at a time. Used by the sink thread only; any number of processes may do this on one directory.
class Adoption {
 public:
  Adoption(Options& options, Disk& disk, Clock& clock, Sink& sink, const JournalId& own);

  /// One thing: taking up or clearing away one journal, or one batch of the journal in hand, so that the own flush
  /// waits for no more than that. The time of the next step.
  int64_t step();
  uint64_t adopted() const { return adopted_; }
  uint64_t quarantined() const { return quarantined_; }
  uint64_t sink_failures() const { return sender_.failures(); }
  /// Whether a journal is in hand.
  bool busy() const { return active_ != nullptr; }

 private:
  /// The journal in hand.
  struct Active {
    explicit Active(const FlushPolicy& policy) : ledger(policy) {}
    JournalId id;
    std::unique_ptr<Journal> journal;
    LikeLedger ledger;
    bool sending = false;
    int failures = 0;
  };
  int64_t scan(int64_t now_ms);
  bool consider(const std::string& name);
  void clear_away(const std::string& directory, const JournalId* forget);
  bool take_up(const JournalId& id);
  void quarantine(const JournalId& id, std::unique_ptr<DirectoryLock> lock, const std::string& why);
  int64_t drain(int64_t now_ms);
  int64_t send(int64_t now_ms);
  Result<void> next_batch();
  int64_t finish(int64_t now_ms);
  int64_t put_down(int64_t now_ms, const Error& error);
  void report(const std::string& what);

  Options& options_;
  Disk& disk_;
  Clock& clock_;
  Sink& sink_;
  const JournalId own_;
  const JournalPaths paths_;
  BatchSender sender_;
  std::unique_ptr<Active> active_;
  std::set<std::string> postponed_;  ///< Names that had their turn, or gave trouble, since the last full scan.
  int64_t next_scan_ms_ = 0;
  uint64_t adopted_ = 0;
  uint64_t quarantined_ = 0;
};

}  // namespace roost::batcher
