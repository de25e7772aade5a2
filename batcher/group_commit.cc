#include "batcher/group_commit.h"

#include <utility>

namespace roost::batcher {

GroupCommit::GroupCommit(Options& options, Clock& clock, std::unique_ptr<Journal> journal, LikeLog& log,
                         std::function<void()> wake_sink)
    : options_(options),
      log_(log),
      wake_sink_(std::move(wake_sink)),
      return_(std::make_shared<Return>()),
      writer_(options, clock, std::move(journal), [&log] { return log.state(); }) {
  log_.note_journal(writer_.status());
  const MutexLock lock(return_->mutex);
  return_->log = &log;
}

GroupCommit::~GroupCommit() {
  const MutexLock lock(return_->mutex);
  return_->log = nullptr;
}

bool GroupCommit::step() {
  CommitWork work;
  if (!log_.take_work(writer_.upkeep(), group_, work)) return false;
  write(work);
  CommitOutcome outcome = log_.publish(group_, work);
  group_.clear();
  if (outcome.wake_sink) wake_sink_();
  if (!outcome.completions.empty()) deliver(std::move(outcome.completions));
  writer_.repair();
  log_.note_journal(writer_.status());
  return true;
}

void GroupCommit::write(CommitWork& work) {
  if (work.store) writer_.tie_to(*work.store);
  if (!group_.waiting.empty()) work.likes = writer_.stage_likes(group_);
  if (work.batch_asked) work.asked = stage_batch(work);
  if (writer_.has_staged() && work.applied_hint != 0) work.hint_staged = writer_.stage_applied(work.applied_hint);
  if (writer_.broken()) return;  // Nothing is staged, and whatever was to be has its error.
  // A batch is synced in every mode before the sink sees it; otherwise a loss of power could change its contents.
  const bool must_sync = work.must_sync || work.batch.has_value();
  const auto written = writer_.write(must_sync);
  if (written) return;
  if (work.likes) work.likes = tl::unexpected<Error>(written.error());
  if (work.asked) work.asked = tl::unexpected<Error>(written.error());
}

Result<void> GroupCommit::stage_batch(CommitWork& work) {
  const auto room = writer_.room_for_batch();
  if (!room) return tl::unexpected<Error>(room.error());
  work.batch = log_.select_batch(*room);
  if (work.batch) writer_.stage_batch(*work.batch);
  return {};
}

void GroupCommit::deliver(std::vector<Completion> completions) {
  Answers answers(std::move(completions), [home = return_] {
    const MutexLock lock(home->mutex);
    if (home->log != nullptr) home->log->on_answers_run();
  });
  if (options_.deliver) return options_.deliver(std::move(answers));
  answers.run();
}

}  // namespace roost::batcher
