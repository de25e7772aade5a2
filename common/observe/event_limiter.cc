#include "common/observe/event_limiter.h"

#include <limits>
#include <utility>

namespace roost::observe {
namespace {

constexpr std::string_view kOthers = "other events";

}  // namespace

EventLimiter::Window& EventLimiter::window_of(std::string_view event) {
  if (const auto known = windows_.find(event); known != windows_.end()) return known->second;
  if (windows_.size() >= kMaxKinds) event = kOthers;
  return windows_.try_emplace(std::string(event)).first->second;
}

bool EventLimiter::admit(std::string_view event, int64_t now_ms) {
  Window& window = window_of(event);
  // A window with suppressed events goes on until they have been told of.
  if (now_ms >= window.end_ms && window.suppressed == 0) window = {now_ms + kWindowMs, 0, 0};
  if (window.logged < kBurst) {
    ++window.logged;
    return true;
  }
  ++window.suppressed;
  ++suppressed_;
  return false;
}

std::vector<EventLimiter::Suppressed> EventLimiter::take_suppressed(int64_t now_ms) {
  std::vector<Suppressed> taken;
  if (suppressed_ == 0) return taken;
  for (auto& [event, window] : windows_) {
    if (window.suppressed == 0 || now_ms < window.end_ms) continue;
    suppressed_ -= window.suppressed;
    taken.push_back({event, std::exchange(window.suppressed, 0)});
  }
  return taken;
}

std::vector<EventLimiter::Suppressed> EventLimiter::take_all() {
  return take_suppressed(std::numeric_limits<int64_t>::max());
}

}  // namespace roost::observe
