#pragma once

#include <cstdint>

namespace roost::proxy {

/// When requests that fail take a backend out of use for a while (passive ejection).
struct OutlierOptions {
  uint32_t failures_in_row = 5;   ///< 0: a row of failures does not eject
  uint32_t failure_percent = 20;  ///< of the attempts within the window; 0: their share does not eject
  int64_t window_ms = 10'000;
  int64_t ejection_ms = 10'000;       ///< the first; doubled with each that follows
  int64_t max_ejection_ms = 300'000;  ///< at least ejection_ms
  bool operator==(const OutlierOptions&) const = default;
};

/// Attempts within a window of time.
struct FailureShare {
  uint64_t failures = 0;
  uint64_t ended = 0;
  /// 0 to 1, drawn towards 0 while attempts are few.
  double smoothed() const { return static_cast<double>(failures) / static_cast<double>(ended + kSmoothing); }
  static constexpr uint64_t kSmoothing = 10;
};

/// What one more failure of a backend makes of it. It is ejected if it stands out from the others of its pool.
struct Judgement {
  enum class Suspicion : uint8_t { none, row, share };
  Suspicion suspicion = Suspicion::none;
  /// It is among the first of its window, which are to be seen as they come: it is not to make the backend seem busy.
  bool early = false;
  uint32_t in_row = 0;
  FailureShare window;
};

/// Whether failures that look bad for a backend are its own, rather than those of requests that fail everywhere.
/// `others` is the mean failure share of the other backends, 0 to 1. A row stands out if a backend like the others
/// would have one of this length less than once in a million attempts. A share stands out when there are more than
/// twice the failures to be expected of the others, and five.
bool stands_out(const Judgement& judged, double others);

/// The record of failures of one backend. Time and counts are passed in. Not thread-safe.
///
///   usual       rows and shares of failures are judged
///   ejected     nothing is counted: what fails now began before, or there is no other backend
///   probation   returned: each failure is judged as if a full row came before it, less one for each success since;
///               kProbation successes lead back to usual
class OutlierDetector {
 public:
  static constexpr uint64_t kLeastAttempts = 20;  ///< within a window, before their share is judged
  static constexpr uint32_t kProbation = 10;

  explicit OutlierDetector(const OutlierOptions& options) : options_(options) {}

  /// `ended`: all attempts that have ended so far, this one included.
  Judgement note_failure(int64_t now_ms, uint64_t ended);
  void note_success();
  /// Within the current window. No attempts if there is none: a window begins with a failure.
  FailureShare window(int64_t now_ms, uint64_t ended) const;

  /// Returns how long the ejection lasts. It doubles each time, up to max_ejection_ms, and is halved for each time of
  /// the last length spent in use since.
  int64_t eject(int64_t now_ms);
  void end_ejection(int64_t now_ms);
  bool ejected() const { return ejected_; }
  bool on_probation() const { return probation_left_ > 0; }
  /// As newly made.
  void restart() { *this = OutlierDetector(options_); }
  /// As newly made, but on probation if it was ejected or on probation.
  void pardon();
  uint32_t failures_in_row() const { return in_row_; }

 private:
  int64_t duration_ms(uint32_t level) const;
  uint32_t row_before() const;
  void forget();

  OutlierOptions options_;
  int64_t window_start_ms_ = 0;
  uint64_t ended_before_ = 0;  // attempts that had ended when the window began
  uint64_t failures_ = 0;      // within the window; 0: there is none
  uint32_t in_row_ = 0;
  uint32_t level_ = 0;  // how often the next ejection is doubled
  int64_t returned_ms_ = 0;
  bool ejected_ = false;
  uint32_t probation_left_ = 0;  // successes until it is over; 0 outside of one
};

}  // namespace roost::proxy
