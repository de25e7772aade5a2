#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roost::observe {

/// Limits how often events of one kind are logged: kBurst in each window of kWindowMs; those beyond are counted and
/// told of once, when the window is over. Pure: time is passed in (monotonic, ms). Not thread-safe.
class EventLimiter {
 public:
  static constexpr uint64_t kBurst = 50;
  static constexpr int64_t kWindowMs = 10'000;
  static constexpr size_t kMaxKinds = 256;  ///< Kinds beyond share one count.

  struct Suppressed {
    std::string event;
    uint64_t count;
    friend bool operator==(const Suppressed&, const Suppressed&) = default;
  };

  /// True if an event of this kind may be logged now.
  bool admit(std::string_view event, int64_t now_ms);
  /// The kinds whose window is over and some of whose events were left out; each is told of once.
  std::vector<Suppressed> take_suppressed(int64_t now_ms);
  /// The same of all kinds, also of those whose window is not over: for the end of the process.
  std::vector<Suppressed> take_all();

 private:
  struct Window {
    int64_t end_ms = 0;
    uint64_t logged = 0;
    uint64_t suppressed = 0;
  };
  Window& window_of(std::string_view event);

  std::map<std::string, Window, std::less<>> windows_;
  uint64_t suppressed_ = 0;  ///< In all windows, so that the usual case is one comparison.
};

}  // namespace roost::observe
