#include "api/accounts/login_limit.h"

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

AttemptLimit::AttemptLimit(int64_t attempts, int64_t window_ms)
    : step_ms_(std::max<int64_t>(1, window_ms / attempts)), window_ms_(step_ms_ * attempts), seed_(random_seed()) {
  ROOST_CHECK(attempts > 0 && window_ms > 0);
}

uint64_t AttemptLimit::hash(std::string_view key) const {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

int64_t AttemptLimit::attempt(std::string_view key, int64_t now_ms) {
  if (full_at_ms_.size() >= kMaxKeys) forget_some(now_ms);
  int64_t& full_at_ms = full_at_ms_[hash(key)];
  const int64_t next_ms = std::max(full_at_ms, now_ms) + step_ms_;
  if (next_ms - now_ms > window_ms_) return next_ms - now_ms - window_ms_;
  full_at_ms = next_ms;
  return 0;
}

void AttemptLimit::forgive(std::string_view key) {
  const auto found = full_at_ms_.find(hash(key));
  if (found != full_at_ms_.end()) found->second -= step_ms_;
}

void AttemptLimit::forget_some(int64_t now_ms) {
  std::erase_if(full_at_ms_, [&](const auto& entry) { return entry.second <= now_ms; });
  if (full_at_ms_.size() <= kMaxKeys / 2) return;
  // Half of them at once, so that a flood of keys pays for this once in many attempts.
  std::vector<int64_t> times;
  times.reserve(full_at_ms_.size());
  for (const auto& [key, full_at_ms] : full_at_ms_) times.push_back(full_at_ms);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const int64_t least_ms = *middle;
  std::erase_if(full_at_ms_, [&](const auto& entry) { return entry.second < least_ms; });
  if (full_at_ms_.size() >= kMaxKeys) full_at_ms_.clear();  // all equal
}

int64_t LoginLimit::attempt(std::string_view address, std::string_view account, int64_t now_ms) {
  const int64_t wait_ms = by_address_.attempt(address, now_ms);
  return wait_ms > 0 ? wait_ms : by_account_.attempt(account, now_ms);
}

void LoginLimit::forgive(std::string_view address, std::string_view account) {
  by_address_.forgive(address);
  by_account_.forgive(account);
}

}  // namespace roost::api
