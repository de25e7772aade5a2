#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batcher/journal/disk.h"
#include "batcher/journal/record.h"
#include "common/base/result.h"

namespace roost::batcher {

/// The code of an Error for a damaged journal, which an operator must inspect. Any other code means that it could not
/// be read at present.
constexpr int kDamaged = EBADMSG;

/// The state after the last intact frame of a segment; what follows that frame is the torn tail of a crash. Nothing if
/// the segment has no intact first frame and no sign that it ever had one: the crash came while it was being created,
/// so the segment before it is the valid one.
///
/// Error kDamaged if a later intact frame says that a bad one had been synced, or if intact frames contradict each
/// other. Pure.
Result<std::optional<JournalState>> replay_segment(std::string_view bytes, const JournalId& journal, uint64_t segment);

/// "000000000000002a.seg" for 42, and the inverse; nothing for other names.
std::string segment_name(uint64_t number);
std::optional<uint64_t> parse_segment_name(std::string_view name);

/// A journal as read from its directory.
struct Recovered {
  JournalState state;
  std::vector<uint64_t> segments;  ///< Numbers of all segments, ascending, incomplete ones included.
};

/// Reads the newest segment with an intact first frame. Changes nothing on disk. The caller holds the journal's lock.
Result<Recovered> recover_journal(Disk& disk, const std::string& directory, const JournalId& journal);

}  // namespace roost::batcher
