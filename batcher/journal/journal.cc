#include "batcher/journal/journal.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "batcher/journal/recovery.h"
#include "common/base/check.h"

namespace roost::batcher {

Result<void> make_journal_root(Disk& disk, const std::string& root) {
  auto made = disk.create_directory(root);
  if (!made && made.error().code != EEXIST) return made;
  // Also if it existed: the process that created it may have died before it was durable.
  const size_t slash = root.find_last_of('/');
  if (slash == std::string::npos) return disk.sync_directory(".");
  return disk.sync_directory(slash == 0 ? "/" : root.substr(0, slash));
}

Result<void> remove_journal(Disk& disk, const JournalPaths& paths, const std::string& directory) {
  const auto names = disk.list(directory);
  if (!names) return tl::unexpected<Error>(names.error());
  for (const std::string& name : *names) {
    std::string path = directory;
    path.append("/").append(name);
    auto gone = disk.unlink(path);
    if (!gone && gone.error().code != ENOENT) return gone;
  }
  auto gone = disk.remove_directory(directory);
  if (!gone && gone.error().code != ENOENT) return gone;
  return disk.sync_directory(paths.root);
}

Journal::Journal(Disk& disk, const JournalPaths& paths, const JournalId& id, const JournalLimits& limits,
                 std::unique_ptr<DirectoryLock> lock, std::vector<uint64_t> segments)
    : disk_(disk), paths_(paths), id_(id), limits_(limits), lock_(std::move(lock)), directory_(paths.in_use(id)) {
  for (uint64_t number : segments) segments_.push_back({number, 0});
  if (!segments.empty()) next_number_ = segments.back() + 1;
}

Result<std::unique_ptr<Journal>> Journal::create(Disk& disk, const JournalPaths& paths, const JournalId& id,
                                                 const JournalLimits& limits, int64_t unix_ms) {
  const std::string making = paths.making(id);
  if (auto made = disk.create_directory(making); !made) return tl::unexpected<Error>(made.error());
  auto lock = disk.lock_directory(making);
  if (!lock) return tl::unexpected<Error>(lock.error());
  auto journal = std::make_unique<Journal>(disk, paths, id, limits, std::move(*lock), std::vector<uint64_t>());
  journal->directory_ = making;
  auto begun = journal->begin_segment(JournalState(), unix_ms);
  if (begun) begun = disk.rename(making, paths.in_use(id));
  if (!begun) {
    (void)remove_journal(disk, paths, making);
    return tl::unexpected<Error>(begun.error());
  }
  journal->directory_ = paths.in_use(id);
  // On failure the directory is kept: half removed under its final name it would look damaged. It is an orphan without
  // likes, for another process to adopt.
  if (auto safe = disk.sync_directory(paths.root); !safe) return tl::unexpected<Error>(safe.error());
  return journal;
}

std::string Journal::segment_path(uint64_t number) const {
  return directory_ + "/" + segment_name(number);
}

uint64_t Journal::room(uint64_t keep_free) const {
  if (broken()) return 0;
  const uint64_t used = offset_ + staged_.size() + keep_free + kFrameHeaderBytes + 8;
  return used < segments_.back().bytes ? segments_.back().bytes - used : 0;
}

uint64_t Journal::room_for_likes() const {
  return room(limits_.reserve_bytes);
}
uint64_t Journal::room_for_batch() const {
  return room(0);
}

void Journal::stage(FrameType type, std::string_view payload, int64_t unix_ms) {
  ROOST_CHECK(payload.size() <= room_for_batch());
  Frame frame;
  frame.type = type;
  frame.sequence = ++sequence_;
  frame.unix_ms = unix_ms;
  frame.synced = static_cast<uint32_t>(synced_);
  frame.payload = payload;
  encode_frame(frame, FramePlace{id_, segments_.back().number, offset_ + staged_.size()}, staged_);
}

Result<void> Journal::write() {
  if (staged_.empty()) return {};
  ROOST_CHECK(!broken());
  auto written = file_->pwrite(staged_, offset_);
  if (!written) return give_up_segment(std::move(written).error());
  offset_ += staged_.size();
  staged_.clear();
  return {};
}

Result<void> Journal::sync() {
  ROOST_CHECK(!broken());
  ++syncs_;
  auto synced = file_->datasync();
  if (!synced) return give_up_segment(std::move(synced).error());
  synced_ = offset_;
  return {};
}

tl::unexpected<Error> Journal::give_up_segment(Error error) {
  file_.reset();
  staged_.clear();
  error.retryable = true;
  return tl::unexpected<Error>(std::move(error));
}

void Journal::tie_to(const StoreId& store) {
  ROOST_CHECK(staged_.empty());
  store_ = store;
  file_.reset();
}

Result<void> Journal::begin_segment(JournalState state, int64_t unix_ms) {
  ROOST_CHECK(staged_.empty());
  state.store = store_;
  std::string payload;
  encode_snapshot(state, payload);
  const uint64_t needed = frame_bytes(payload.size()) + limits_.group_bytes + 2 * limits_.reserve_bytes;
  const uint64_t size = std::max(limits_.segment_bytes, needed);
  if (bytes() + size > limits_.max_bytes || payload.size() > kMaxFramePayload) {
    return fail(fmt::format("journal {}: its limit of {} bytes is reached", id_.hex(), limits_.max_bytes),
                Side::internal, true, ENOSPC);
  }
  const uint64_t number = next_number_++;
  auto file = make_file(number, size);
  if (!file) return tl::unexpected<Error>(std::move(file).error());

  // From here on a recovery may read the new segment, so the old one must never be written again.
  file_.reset();
  segments_.push_back({number, size});
  Frame frame{FrameType::snapshot, sequence_ + 1, unix_ms, 0, payload};
  std::string bytes;
  encode_frame(frame, FramePlace{id_, number, 0}, bytes);
  auto written = write_snapshot(**file, bytes);
  if (!written) return give_up_segment(std::move(written).error());

  file_ = std::move(*file);
  sequence_ = frame.sequence;
  offset_ = synced_ = bytes.size();
  remove_older();
  return {};
}

Result<std::unique_ptr<DiskFile>> Journal::make_file(uint64_t number, uint64_t size) {
  const std::string path = segment_path(number);
  auto file = disk_.create(path);
  if (!file) return file;
  auto space = (*file)->preallocate(size);
  if (space) return file;
  (void)disk_.unlink(path);  // If that fails: without a frame, recovery skips it.
  space.error().retryable = true;
  return tl::unexpected<Error>(std::move(space).error());
}

Result<void> Journal::write_snapshot(DiskFile& file, std::string_view frame) {
  auto done = file.pwrite(frame, 0);
  if (!done) return done;
  ++syncs_;
  done = file.datasync();
  if (!done) return done;
  return disk_.sync_directory(directory_);
}

void Journal::remove_older() {
  // A failure is harmless, since recovery reads the newest segment; the next rotation retries.
  const uint64_t current = segments_.back().number;
  std::erase_if(segments_, [&](const Segment& segment) {
    if (segment.number == current) return false;
    const auto gone = disk_.unlink(segment_path(segment.number));
    return gone.has_value() || gone.error().code == ENOENT;
  });
}

Result<void> Journal::mark_done() {
  file_.reset();
  staged_.clear();
  if (directory_ != paths_.done(id_)) {
    auto renamed = disk_.rename(directory_, paths_.done(id_));
    if (!renamed) return renamed;
    directory_ = paths_.done(id_);
  }
  return disk_.sync_directory(paths_.root);
}

uint64_t Journal::bytes() const {
  uint64_t total = 0;
  for (const Segment& segment : segments_) total += segment.bytes;
  return total;
}

}  // namespace roost::batcher
