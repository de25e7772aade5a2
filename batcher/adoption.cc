#include "batcher/adoption.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "batcher/journal/recovery.h"

namespace roost::batcher {

Adoption::Adoption(Options& options, Disk& disk, Clock& clock, Sink& sink, const JournalId& own)
    : options_(options),
      disk_(disk),
      clock_(clock),
      sink_(sink),
      own_(own),
      paths_{options.directory},
      sender_(sink, options.backoff, options.random) {}

int64_t Adoption::step() {
  const int64_t now_ms = clock_.monotonic_ms();
  if (active_) return drain(now_ms);
  if (now_ms < next_scan_ms_) return next_scan_ms_;
  return scan(now_ms);
}

// ---- scanning ----

int64_t Adoption::scan(int64_t now_ms) {
  const auto names = disk_.list(paths_.root);
  if (!names) {
    report(names.error().what);
  } else {
    for (const std::string& name : *names) {
      if (!postponed_.contains(name) && !foreign_.contains(name) && handle_entry(name)) return now_ms;
    }
    // Their own workers may have drained them.
    std::erase_if(foreign_, [&](const std::string& name) { return !std::count(names->begin(), names->end(), name); });
  }
  postponed_.clear();
  next_scan_ms_ = now_ms + options_.adoption_interval_ms;
  return next_scan_ms_;
}

/// True if it did I/O, which ends the step: one journal per step, so that OwnFlush is not held up by many journals or a
/// slow sink.
bool Adoption::handle_entry(const std::string& name) {
  const auto id = JournalId::parse(std::string_view(name).substr(0, 32));
  if (!id || *id == own_) return false;
  const std::string path = paths_.root + "/" + name;
  if (path == paths_.in_use(*id)) return adopt(*id);
  if (path != paths_.making(*id) && path != paths_.done(*id)) return false;
  const auto lock = disk_.lock_directory(path);
  if (!lock) return false;
  postponed_.insert(name);  // A failure is retried by the next scan.
  remove(path, path == paths_.done(*id) ? &*id : nullptr);
  return true;
}

/// The caller holds the directory's lock.
void Adoption::remove(const std::string& directory, const JournalId* forget) {
  if (forget != nullptr) {
    // Make the rename to .done durable first: a power loss must not undo it once the sink has dropped its row.
    if (!disk_.sync_directory(paths_.root) || !sink_.forget(*forget)) return;
  }
  (void)remove_journal(disk_, paths_, directory);
}

bool Adoption::adopt(const JournalId& id) {
  auto lock = disk_.lock_directory(paths_.in_use(id));
  if (!lock) return false;  // Its owner is alive, or another process adopts it.
  auto recovered = recover_journal(disk_, paths_.in_use(id), id);
  if (!recovered) {
    postponed_.insert(id.hex());
    if (recovered.error().code == kDamaged) {
      quarantine(id, std::move(*lock), recovered.error().what);
    } else {
      report(recovered.error().what);
    }
    return true;
  }
  const std::optional<StoreId>& store = recovered->state.store;
  if (store && store != store_) {
    keep_foreign(id, *store);
    return true;
  }
  active_ = std::make_unique<Active>(options_.policy);
  active_->id = id;
  active_->ledger.restore(recovered->state, clock_.monotonic_ms());
  active_->journal = std::make_unique<Journal>(disk_, paths_, id, journal_limits(options_), std::move(*lock),
                                               std::move(recovered->segments));
  if (store_) active_->journal->tie_to(*store_);
  sender_.start_recovered();
  active_->sending = active_->agreed = recovered->state.in_flight.has_value();  // With a batch, sending it asks.
  report(fmt::format("journal {}: adopted, with likes for {} keys and {} batch in flight", id.hex(),
                     recovered->state.open.size(), recovered->state.in_flight ? "a" : "no"));
  return true;
}

void Adoption::keep_foreign(const JournalId& id, const StoreId& store) {
  foreign_.insert(id.hex());
  report(
      fmt::format("journal {}: written for the database {}, not for {}, so it is kept as it is: start a worker on its "
                  "own database to apply it",
                  id.hex(), store.hex(), store_ ? store_->hex() : "this one, which has no identity"));
}

void Adoption::quarantine(const JournalId& id, std::unique_ptr<DirectoryLock> lock, const std::string& why) {
  const auto moved = disk_.rename(paths_.in_use(id), paths_.quarantined(id));
  if (moved) (void)disk_.sync_directory(paths_.root);
  if (moved) ++quarantined_;
  report(why + (moved ? "; quarantined as " + paths_.quarantined(id) : "; " + moved.error().what));
  lock.reset();
}

// ---- draining ----

int64_t Adoption::drain(int64_t now_ms) {
  if (!active_->agreed) return agree(now_ms);
  if (active_->ledger.total_pending() == 0) return finish(now_ms);
  // What recovery read may be in the page cache only, the batch in flight included, if the owner died before its sync
  // or its sync failed. A new segment makes it durable: never send what a power loss could still change.
  if (active_->journal->broken()) {
    if (auto begun = active_->journal->begin_segment(active_->ledger.state(), clock_.unix_ms()); !begun) {
      return release(now_ms, begun.error());
    }
  }
  if (active_->sending) return send(now_ms);
  if (const auto made = next_batch(); !made) return release(now_ms, made.error());
  return send(now_ms);
}

/// If the sink is a copy of a later moment than the journal, it has a batch with the number of this journal's next one,
/// whose likes would then be taken for applied.
int64_t Adoption::agree(int64_t now_ms) {
  const uint64_t last = active_->ledger.last_sequence();
  switch (sender_.agree(active_->id, last, now_ms)) {
    case BatchSender::Progress::applied:
      active_->agreed = true;
      return now_ms;
    case BatchSender::Progress::waiting:
      return sender_.retry_at_ms();
    case BatchSender::Progress::impossible:
      break;
  }
  return put_aside(now_ms,
                   fmt::format("batch {} was the last, but the sink says {} was", last, sender_.impossible_answer()));
}

Result<void> Adoption::next_batch() {
  Journal& journal = *active_->journal;
  LikeLedger& ledger = active_->ledger;
  const int64_t now_ms = clock_.monotonic_ms();
  Batch batch = ledger.select_batch(now_ms, options_.max_batch_keys, true).value();
  std::string payload;
  encode_batch(batch, payload);
  if (journal.room_for_batch() < payload.size()) {
    if (auto begun = journal.begin_segment(ledger.state(), clock_.unix_ms()); !begun) return begun;
  }
  journal.stage(FrameType::batch, payload, clock_.unix_ms());
  auto done = journal.write();
  if (done) done = journal.sync();
  if (!done) return done;
  ledger.begin_batch(std::move(batch), now_ms);
  active_->sending = true;
  sender_.start_fresh();
  return {};
}

int64_t Adoption::send(int64_t now_ms) {
  const Batch& batch = *active_->ledger.in_flight();
  switch (sender_.step(active_->id, batch, now_ms)) {
    case BatchSender::Progress::applied:
      if (options_.on_applied) options_.on_applied(batch);
      active_->ledger.mark_applied();
      active_->sending = false;
      return now_ms;
    case BatchSender::Progress::waiting:
      return sender_.retry_at_ms();
    case BatchSender::Progress::impossible:
      break;
  }
  return put_aside(now_ms, fmt::format("batch {} is to be applied, but the sink says {} was the last", batch.sequence,
                                       sender_.impossible_answer()));
}

/// Journal and sink have different histories.
int64_t Adoption::put_aside(int64_t now_ms, const std::string& why) {
  // The lock lives in the journal; the rename is done under it.
  const std::unique_ptr<Active> held = std::move(active_);
  quarantine(held->id, nullptr, fmt::format("journal {}: {}", held->id.hex(), why));
  return now_ms;
}

int64_t Adoption::finish(int64_t now_ms) {
  if (const auto done = active_->journal->mark_done(); !done) return release(now_ms, done.error());
  ++adopted_;
  // A failure from here on is retried by the next scan of any process.
  if (sink_.forget(active_->id)) (void)remove_journal(disk_, paths_, paths_.done(active_->id));
  active_.reset();
  return now_ms;
}

/// Releases a journal after a disk error; it is left for a later scan.
int64_t Adoption::release(int64_t now_ms, const Error& error) {
  report(error.what);
  postponed_.insert(active_->id.hex());
  active_.reset();
  return now_ms;
}

void Adoption::report(const std::string& what) {
  if (options_.report) options_.report(what);
}

}  // namespace roost::batcher
