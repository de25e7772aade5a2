#include "batcher/options.h"

#include <algorithm>

#include <fmt/format.h>

namespace roost::batcher {

JournalLimits journal_limits(const Options& options) {
  JournalLimits limits;
  limits.segment_bytes = options.segment_bytes;
  limits.max_bytes = options.max_journal_bytes;
  limits.group_bytes = options.max_waiting * (kMaxPairBytes + kMaxTokenBytes) + 2 * kFrameHeaderBytes;
  limits.reserve_bytes =
      options.max_batch_keys * (kMaxPairBytes + kMaxTokenBytes) + 4 * (kFrameHeaderBytes + 8 + 3 * kMaxNumberBytes);
  return limits;
}

Result<void> validate(const Options& options) {
  const JournalLimits limits = journal_limits(options);
  const uint64_t segment = std::max(limits.segment_bytes, limits.group_bytes + 2 * limits.reserve_bytes + 4096);
  if (options.directory.empty()) return fail("the batcher needs a directory for its journals");
  if (limits.segment_bytes > UINT32_MAX) return fail("a journal segment may have at most 4GiB");
  if (limits.max_bytes < 2 * segment) {
    return fail(fmt::format("a journal needs at least {} bytes, two segments", 2 * segment));
  }
  if (options.max_batch_keys == 0 || options.max_waiting == 0) return fail("a batcher's limits must be at least 1");
  return {};
}

}  // namespace roost::batcher
