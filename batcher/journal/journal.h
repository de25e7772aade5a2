#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batcher/journal/disk.h"
#include "batcher/journal/frame.h"
#include "batcher/journal/journal_id.h"
#include "batcher/journal/record.h"

namespace roost::batcher {

/// Sizes of a journal.
struct JournalLimits {
  uint64_t segment_bytes = 8u << 20;    ///< Of one segment, more when its snapshot needs it.
  uint64_t max_bytes = 256u << 20;      ///< Of all segments there are at one time.
  uint64_t group_bytes = 64u << 10;     ///< The most one group of likes takes; a new segment has room for one.
  uint64_t reserve_bytes = 256u << 10;  ///< Kept free at a segment's end for the frames that empty a journal.
};

/// Where the journals of one host live, and the names of their directories. A journal's directory goes through
///
///     <id>.new           being made; holds nothing anybody was promised
///     <id>               in use by whoever has its lock, else an orphan
///     <id>.done          drained: the sink may forget it, then it may go
///     <id>.quarantined   damaged: nobody touches it but a person
///
/// by renames under its lock, so that each step is there or not there. Ids are random and never come back.
struct JournalPaths {
  std::string root;
  std::string in_use(const JournalId& id) const { return root + "/" + id.hex(); }
  std::string making(const JournalId& id) const { return in_use(id) + ".new"; }
  std::string done(const JournalId& id) const { return in_use(id) + ".done"; }
  std::string quarantined(const JournalId& id) const { return in_use(id) + ".quarantined"; }
};

/// Makes the directory of all journals, if missing; it is on stable storage afterwards.
Result<void> make_journal_root(Disk& disk, const std::string& root);

/// Removes a journal's directory and all files in it; one that is half removed already is fine. Under its lock.
Result<void> remove_journal(Disk& disk, const JournalPaths& paths, const std::string& directory);

/// One journal under its lock, for writing. Not thread-safe.
///
/// Frames are staged, then written and synced together. A write or sync that fails is never tried again on the same
/// segment, because nobody knows what is on disk then: the journal is `broken` until begin_segment() has put everything
/// that counts into a new one. A torn tail is never written over: whoever recovers a journal begins a new segment, too.
class Journal {
 public:
  /// Makes a new journal with an empty first segment. EWOULDBLOCK or ENOENT when somebody cleared it away in the
  /// making: try another id.
  static Result<std::unique_ptr<Journal>> create(Disk& disk, const JournalPaths& paths, const JournalId& id,
                                                 const JournalLimits& limits, int64_t unix_ms);
  /// Takes over a journal that was recovered; begin_segment() must come before anything is staged.
  Journal(Disk& disk, const JournalPaths& paths, const JournalId& id, const JournalLimits& limits,
          std::unique_ptr<DirectoryLock> lock, std::vector<uint64_t> segments);

  const JournalId& id() const { return id_; }
  /// Whether nothing can be written before begin_segment() succeeds.
  bool broken() const { return file_ == nullptr; }
  /// Payload bytes one more frame may have; for likes, so that the reserve stays free.
  uint64_t room_for_likes() const;
  uint64_t room_for_batch() const;

  /// Adds a frame to what the next write() writes. There must be room.
  void stage(FrameType type, std::string_view payload, int64_t unix_ms);
  bool has_staged() const { return !staged_.empty(); }
  /// Writes what is staged. After an error the journal is broken, and what was staged is gone.
  Result<void> write();
  /// All that was written is on stable storage. After an error the journal is broken.
  Result<void> sync();
  bool has_unsynced() const { return file_ != nullptr && synced_ < offset_; }

  /// Goes on in a new segment, which begins with `state` as its snapshot and is on stable storage; older segments go.
  /// When no file of that size can be made (no space, the limit), the old segment stays usable; after any later error
  /// the journal is broken.
  Result<void> begin_segment(const JournalState& state, int64_t unix_ms);

  /// The journal has nothing left to give: renames it to `.done`, durably. It is broken afterwards.
  Result<void> mark_done();

  uint64_t bytes() const;
  uint64_t syncs() const { return syncs_; }

 private:
  struct Segment {
    uint64_t number;
    uint64_t bytes;
  };
  uint64_t room(uint64_t keep_free) const;
  std::string segment_path(uint64_t number) const;
  Result<std::unique_ptr<DiskFile>> make_file(uint64_t number, uint64_t size);
  Result<void> write_snapshot(DiskFile& file, std::string_view frame);
  void remove_older();
  tl::unexpected<Error> give_up_segment(Error error);

  Disk& disk_;
  JournalPaths paths_;
  JournalId id_;
  JournalLimits limits_;
  std::unique_ptr<DirectoryLock> lock_;
  std::string directory_;
  std::unique_ptr<DiskFile> file_;  ///< Of the segment being written; null while broken.
  std::vector<Segment> segments_;   ///< All there may be, ascending; the last is the one being written unless broken.
  uint64_t next_number_ = 1;
  uint64_t sequence_ = 0;  ///< Of the last frame staged.
  uint64_t offset_ = 0;    ///< End of what was written.
  uint64_t synced_ = 0;    ///< End of what is on stable storage.
  std::string staged_;
  uint64_t syncs_ = 0;
};

}  // namespace roost::batcher
