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

/// The code of an Error that means "this journal is damaged": a person must look at it. Any other code means that it
/// could not be read now.
constexpr int kDamaged = EBADMSG;

/// What one segment says. Nothing when it has no intact first frame and no sign that it ever had one: the crash came
/// while it was being made, and the segment before it is the one that counts. Otherwise the state after its last intact
/// frame; what follows that frame is the torn tail of the crash.
///
/// A damaged segment is an error with code kDamaged: an intact frame behind a bad one says that the bad one had
/// been on stable storage, or intact frames contradict each other. Pure.
Result<std::optional<JournalState>> replay_segment(std::string_view bytes, const JournalId& journal, uint64_t segment);

/// "000000000000002a.seg" for 42, and back; nothing for other names.
std::string segment_name(uint64_t number);
std::optional<uint64_t> parse_segment_name(std::string_view name);

/// A journal read back from its directory.
struct Recovered {
  JournalState state;
  std::vector<uint64_t> segments;  ///< Numbers of all segments there, ascending, unfinished ones included.
};

/// Reads the newest segment with an intact beginning. Changes nothing on disk. The caller holds the journal's lock.
Result<Recovered> recover_journal(Disk& disk, const std::string& directory, const JournalId& journal);

}  // namespace roost::batcher
