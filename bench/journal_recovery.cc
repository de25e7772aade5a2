#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include "batcher/journal/journal.h"
#include "batcher/journal/posix_disk.h"
#include "batcher/journal/recovery.h"

// journal_recovery DIRECTORY LIKES TWEETS: writes a journal with that many pending likes, one record each, and recovers
// it in a new process. Prints milliseconds and the peak memory of that process in KiB.
namespace {

using namespace roost;
using namespace roost::batcher;

constexpr int64_t kGroup = 1000;
const JournalId kId{1, 2};

int failed(const Error& error) {
  fmt::print(stderr, "journal_recovery: {}\n", error.what);
  return 1;
}

Result<void> leave_journal(PosixDisk& disk, const JournalPaths& paths, int64_t likes, int64_t tweets) {
  JournalLimits limits;
  limits.segment_bytes = 64 + static_cast<uint64_t>(likes) * kMaxPairBytes;
  auto journal = Journal::create(disk, paths, kId, limits, 0);
  if (!journal) return tl::unexpected<Error>(journal.error());
  for (int64_t first = 0; first < likes; first += kGroup) {
    std::vector<KeyDelta> group;
    for (int64_t i = first; i < std::min(first + kGroup, likes); ++i) group.push_back({1 + i * 7919 % tweets, 1});
    std::string payload;
    encode_likes(group, {}, payload);
    (*journal)->stage(FrameType::likes, payload, 0);
    if (auto written = (*journal)->write(); !written) return written;
  }
  return (*journal)->sync();
}

int recover(PosixDisk& disk, const JournalPaths& paths, int64_t likes) {
  const auto begun = std::chrono::steady_clock::now();
  const auto recovered = recover_journal(disk, paths.in_use(kId), kId);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  if (!recovered) return failed(recovered.error());
  int64_t found = 0;
  for (const KeyDelta& open : recovered->state.open) found += open.delta;
  if (found != likes) return failed(Error{fmt::format("{} likes found", found)});
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{:.0f} {}\n", took.count(), usage.ru_maxrss);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) {
    PosixDisk disk;
    const JournalPaths paths{argv[1]};
    if (auto left = leave_journal(disk, paths, std::atoll(argv[2]), std::atoll(argv[3])); !left)
      return failed(left.error());
    ::execl("/proc/self/exe", argv[0], argv[1], argv[2], nullptr);  // its memory is that of the recovery alone
  }
  PosixDisk disk;
  return argc == 3 ? recover(disk, JournalPaths{argv[1]}, std::atoll(argv[2])) : 2;
}
