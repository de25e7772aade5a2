#include "proxy/upstream/health/outlier.h"

#include <algorithm>
#include <cmath>

#include "common/base/check.h"

namespace roost::proxy {

namespace {

constexpr double kByChance = 1e-6;
constexpr uint64_t kFewFailures = 5;
// Judging looks at all backends of a pool, so not every failure of many is judged.
constexpr uint64_t kShareStep = 3;

}  // namespace

bool stands_out(const Judgement& judged, double others) {
  switch (judged.suspicion) {
    case Judgement::Suspicion::none:
      return false;
    case Judgement::Suspicion::row:
      return others <= 0 || static_cast<double>(judged.in_row) * std::log(others) < std::log(kByChance);
    case Judgement::Suspicion::share:
      break;
  }
  const double expected = others * static_cast<double>(judged.window.ended);
  return static_cast<double>(judged.window.failures) > 2 * expected + kFewFailures;
}

Judgement OutlierDetector::note_failure(int64_t now_ms, uint64_t ended) {
  Judgement judged;
  if (ejected_) return judged;
  if (failures_ == 0 || now_ms - window_start_ms_ >= options_.window_ms) {
    window_start_ms_ = now_ms;
    ended_before_ = ended > 0 ? ended - 1 : 0;
    failures_ = 0;
  }
  ++failures_;
  ++in_row_;
  judged.early = failures_ <= options_.failures_in_row;
  judged.window = window(now_ms, ended);
  judged.in_row = in_row_ + row_before();
  if (options_.failures_in_row > 0 && (on_probation() || in_row_ % options_.failures_in_row == 0)) {
    judged.suspicion = Judgement::Suspicion::row;
  } else if (options_.failure_percent > 0 && failures_ % kShareStep == 0 && judged.window.ended >= kLeastAttempts &&
             failures_ * 100 >= options_.failure_percent * judged.window.ended) {
    judged.suspicion = Judgement::Suspicion::share;
  }
  return judged;
}

void OutlierDetector::note_success() {
  in_row_ = 0;
  if (!ejected_ && on_probation()) --probation_left_;
}

// What is left of the row that led to the ejection.
uint32_t OutlierDetector::row_before() const {
  const uint32_t successes = kProbation - probation_left_;
  return on_probation() ? options_.failures_in_row - std::min(successes, options_.failures_in_row) : 0;
}

FailureShare OutlierDetector::window(int64_t now_ms, uint64_t ended) const {
  if (failures_ == 0 || now_ms - window_start_ms_ >= options_.window_ms) return {};
  return {failures_, std::max(ended - std::min(ended, ended_before_), failures_)};
}

int64_t OutlierDetector::duration_ms(uint32_t level) const {
  const int64_t most = std::max(options_.max_ejection_ms, options_.ejection_ms);
  int64_t duration = options_.ejection_ms;
  for (; level > 0 && duration < most; --level) duration *= 2;
  return std::min(duration, most);
}

int64_t OutlierDetector::eject(int64_t now_ms) {
  ROOST_CHECK(!ejected_);
  for (int64_t in_use_ms = now_ms - returned_ms_; level_ > 0 && in_use_ms >= duration_ms(level_ - 1); --level_) {
    in_use_ms -= duration_ms(level_ - 1);
  }
  ejected_ = true;
  probation_left_ = 0;
  const int64_t duration = duration_ms(level_);
  if (duration < options_.max_ejection_ms) ++level_;
  forget();
  return duration;
}

void OutlierDetector::end_ejection(int64_t now_ms) {
  if (!ejected_) return;
  ejected_ = false;
  probation_left_ = kProbation;
  returned_ms_ = now_ms;
  forget();
}

void OutlierDetector::pardon() {
  const bool watched = ejected_ || on_probation();
  restart();
  if (watched) probation_left_ = kProbation;
}

void OutlierDetector::forget() {
  in_row_ = 0;
  failures_ = 0;
}

}  // namespace roost::proxy
