#include "api/http/attempt_limit.h"

#include <algorithm>
#include <random>
#include <vector>

#include <xxhash.h>

#include "common/base/check.h"

namespace roost::api {
namespace {

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

KeyTimes::KeyTimes() : seed_(random_seed()) {}

uint64_t KeyTimes::hash(std::string_view key) const {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

int64_t& KeyTimes::at(std::string_view key, int64_t now_ms) {
  if (times_ms_.size() >= kMaxKeys) forget_some(now_ms);
  return times_ms_[hash(key)];
}

int64_t* KeyTimes::find(std::string_view key) {
  const auto found = times_ms_.find(hash(key));
  return found == times_ms_.end() ? nullptr : &found->second;
}

void KeyTimes::forget_some(int64_t now_ms) {
  std::erase_if(times_ms_, [&](const auto& entry) { return entry.second <= now_ms; });
  if (times_ms_.size() <= kMaxKeys / 2) return;
  // Half of them at once, so that a flood of keys pays for this once in many attempts.
  std::vector<int64_t> times;
  times.reserve(times_ms_.size());
  for (const auto& [key, time_ms] : times_ms_) times.push_back(time_ms);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const int64_t least_ms = *middle;
  std::erase_if(times_ms_, [&](const auto& entry) { return entry.second < least_ms; });
  if (times_ms_.size() >= kMaxKeys) times_ms_.clear();  // all equal
}

AttemptLimit::AttemptLimit(int64_t attempts, int64_t window_ms)
    : limit_{std::max<int64_t>(1, window_ms / std::max<int64_t>(1, attempts)), attempts} {
  ROOST_CHECK(attempts >= 0 && window_ms > 0);
}

int64_t AttemptLimit::attempt(std::string_view key, int64_t now_ms) {
  return limit_.burst == 0 ? 0 : limit_.take(full_at_ms_.at(key, now_ms), now_ms);
}

int64_t AttemptLimit::excess(std::string_view key, int64_t most, int64_t now_ms) {
  if (limit_.burst == 0) return 0;
  const auto [step_ms, burst] = limit_;
  int64_t& full_at_ms = full_at_ms_.at(key, now_ms);
  full_at_ms = std::min(std::max(full_at_ms, now_ms) + step_ms, now_ms + (burst + most) * step_ms);
  return std::max<int64_t>(0, (full_at_ms - now_ms - burst * step_ms + step_ms - 1) / step_ms);
}

void AttemptLimit::forgive(std::string_view key) {
  if (int64_t* full_at_ms = full_at_ms_.find(key)) *full_at_ms -= limit_.interval;
}

}  // namespace roost::api
