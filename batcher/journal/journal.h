#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
  uint64_t segment_bytes = 8u << 20;    ///< Of one segment; larger if its snapshot needs it.
  uint64_t max_bytes = 256u << 20;      ///< Of all segments at one time.
  uint64_t group_bytes = 64u << 10;     ///< Largest group of likes; a new segment has room for one.
  uint64_t reserve_bytes = 256u << 10;  ///< Reserved at the end of a segment for batch and applied frames.
};

/// The paths of the journals of one host. A journal's directory changes its name as its state changes:
///
///     <id>.new           being created; holds no acknowledged likes
///     <id>               in use by the process that has its lock, else an orphan
///     <id>.done          drained: the sink may drop its row, then the directory is removed
///     <id>.quarantined   damaged: left for inspection by an operator
///
/// The renames are atomic and made under the directory's lock. Ids are random and never reused.
struct JournalPaths {
  std::string root;
  std::string in_use(const JournalId& id) const { return root + "/" + id.hex(); }
  std::string making(const JournalId& id) const { return in_use(id) + ".new"; }
  std::string done(const JournalId& id) const { return in_use(id) + ".done"; }
  std::string quarantined(const JournalId& id) const { return in_use(id) + ".quarantined"; }
};

/// Creates the directory of all journals, if missing, and makes it durable.
Result<void> make_journal_root(Disk& disk, const std::string& root);

/// Removes a journal's directory and all files in it, also after an earlier attempt failed halfway. The caller holds
/// its lock.
Result<void> remove_journal(Disk& disk, const JournalPaths& paths, const std::string& directory);

/// A locked journal, for writing. Not thread-safe.
///
/// Frames are staged, then written and synced together. After a failed write or sync the contents of the segment are
/// unknown, so it is never written again: the journal is `broken` until begin_segment() has written the whole state to
/// a new one. A torn tail is never overwritten either: after a recovery writing begins with a new segment.
class Journal {
 public:
  /// Creates a journal with an empty first segment. EWOULDBLOCK or ENOENT if another process removed the directory
  /// meanwhile: try another id.
  static Result<std::unique_ptr<Journal>> create(Disk& disk, const JournalPaths& paths, const JournalId& id,
                                                 const JournalLimits& limits, int64_t unix_ms);
  /// Opens a recovered journal for writing; begin_segment() must succeed before anything is staged.
  Journal(Disk& disk, const JournalPaths& paths, const JournalId& id, const JournalLimits& limits,
          std::unique_ptr<DirectoryLock> lock, std::vector<uint64_t> segments);

  const JournalId& id() const { return id_; }
  /// Names the store that the likes are for in every segment from the next one on. The journal is broken until that has
  /// begun, so no like is written without it.
  void tie_to(const StoreId& store);
  /// True if nothing can be written before begin_segment() succeeds.
  bool broken() const { return file_ == nullptr; }
  /// Largest payload of one more frame. Likes leave the reserve free, batches may use it.
  uint64_t room_for_likes() const;
  uint64_t room_for_batch() const;

  /// Adds a frame for the next write(). There must be room.
  void stage(FrameType type, std::string_view payload, int64_t unix_ms);
  bool has_staged() const { return !staged_.empty(); }
  /// Writes the staged frames. After an error the journal is broken and the staged frames are dropped.
  Result<void> write();
  /// Syncs what was written. After an error the journal is broken.
  Result<void> sync();
  bool has_unsynced() const { return file_ != nullptr && synced_ < offset_; }

  /// Continues in a new segment that begins with `state` as its snapshot and is synced, and removes the older segments.
  /// If no file of that size can be created (no space, or the limit), the old segment stays usable; after any later
  /// error the journal is broken.
  Result<void> begin_segment(JournalState state, int64_t unix_ms);

  /// Renames the drained journal to `.done`, durably. It is broken afterwards.
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
  std::optional<StoreId> store_;
  std::unique_ptr<DiskFile> file_;  ///< Of the segment being written; null while broken.
  std::vector<Segment> segments_;   ///< All that may exist, ascending; the last one is being written unless broken.
  uint64_t next_number_ = 1;
  uint64_t sequence_ = 0;  ///< Of the last frame staged.
  uint64_t offset_ = 0;    ///< End of what was written.
  uint64_t synced_ = 0;    ///< End of what is on stable storage.
  std::string staged_;
  uint64_t syncs_ = 0;
};

}  // namespace roost::batcher
