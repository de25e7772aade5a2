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

/// Drains the journals of dead owners: finds them, sends their batches under their own id and removes them, one at a
/// time. A journal that names another store than the sink's is left as it is, and reported once; one that names none
/// (of before 0.2) is adopted. Used by the sink thread only; any number of processes may do this on one directory.
class Adoption {
 public:
  Adoption(Options& options, Disk& disk, Clock& clock, Sink& sink, const JournalId& own);

  /// Does one piece of work, so that OwnFlush is not delayed for longer: locks and recovers one journal, removes one,
  /// or sends one batch of the journal in hand. Returns the time of the next step.
  int64_t step();
  /// The identity of the sink's store; nothing if it has none. Before the first step.
  void set_store(const std::optional<StoreId>& store) { store_ = store; }
  /// Journals of dead owners that name another store, at the last scan.
  size_t foreign() const { return foreign_.size(); }
  uint64_t adopted() const { return adopted_; }
  uint64_t quarantined() const { return quarantined_; }
  uint64_t sink_failures() const { return sender_.failures(); }
  /// True while a journal is being drained.
  bool busy() const { return active_ != nullptr; }

 private:
  /// The journal being drained.
  struct Active {
    explicit Active(const FlushPolicy& policy) : ledger(policy) {}
    JournalId id;
    std::unique_ptr<Journal> journal;
    LikeLedger ledger;
    bool sending = false;
    bool agreed = false;  ///< The sink has what the journal says was applied.
    int failures = 0;
  };
  int64_t scan(int64_t now_ms);
  bool handle_entry(const std::string& name);
  void remove(const std::string& directory, const JournalId* forget);
  bool adopt(const JournalId& id);
  void keep_foreign(const JournalId& id, const StoreId& store);
  void quarantine(const JournalId& id, std::unique_ptr<DirectoryLock> lock, const std::string& why);
  int64_t drain(int64_t now_ms);
  int64_t agree(int64_t now_ms);
  int64_t send(int64_t now_ms);
  int64_t put_aside(int64_t now_ms, const std::string& why);
  Result<void> next_batch();
  int64_t finish(int64_t now_ms);
  int64_t release(int64_t now_ms, const Error& error);
  void report(const std::string& what);

  Options& options_;
  Disk& disk_;
  Clock& clock_;
  Sink& sink_;
  const JournalId own_;
  const JournalPaths paths_;
  BatchSender sender_;
  std::unique_ptr<Active> active_;
  std::optional<StoreId> store_;
  std::set<std::string> foreign_;    ///< Names of journals of other stores.
  std::set<std::string> postponed_;  ///< Names handled, or failed on, since the last full scan.
  int64_t next_scan_ms_ = 0;
  uint64_t adopted_ = 0;
  uint64_t quarantined_ = 0;
};

}  // namespace roost::batcher
