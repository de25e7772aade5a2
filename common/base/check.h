#pragma once

namespace roost {

/// Writes the condition and its place to standard error and aborts. Any thread.
[[noreturn]] void check_failed(const char* condition, const char* file, int line, const char* function) noexcept;

}  // namespace roost

/// A programmer error: the condition holds, or the process ends here. Always on, release builds included, since a wrong
/// answer costs more than the branch. Never for what a peer, a disk or a user can cause: that is a Result.
#define ROOST_CHECK(condition)                                         \
  do {                                                                 \
    if (!(condition)) [[unlikely]]                                     \
      ::roost::check_failed(#condition, __FILE__, __LINE__, __func__); \
  } while (false)
