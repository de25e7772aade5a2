#include "common/net/timer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/base/memory_scope.h"

namespace roost::net {

void Timer::start_ms(int64_t after_ms) {
  stop();
  due_ms_ = queue_.present_ms_ + std::clamp<int64_t>(after_ms, 0, TimerQueue::kMaxDelayMs);
  queue_.insert(*this);
  ++queue_.active_;
}

void Timer::stop() {
  if (!linked()) return;
  unlink();
  --queue_.active_;
}

void Timer::run() {
  Timer* const outer = std::exchange(running, this);
  const bool done = run_contained([this] { callback_(owner_); });
  if (!done && running == this && !active()) start_ms(kRetryMs);
  running = outer;
}

TimerQueue::TimerQueue(int64_t now_ms) : now_ms_(now_ms), present_ms_(now_ms) {}

TimerQueue::~TimerQueue() {
  for (auto& level : wheel_) {
    for (Slot& slot : level) {
      while (slot.pop_front() != nullptr) --active_;
    }
  }
}

// A timer's level is that of the highest digit (base 64) in which its due time differs from the wheel's time, and its
// slot is that digit. When the wheel reaches the slot, its timers move to lower levels. So the wheel's current slot is
// empty at every level but the lowest, where it holds the timers due now: the next advance runs them.
void TimerQueue::insert(Timer& timer) {
  // Less than a full turn of the last level, which would end in the wheel's current slot.
  constexpr int64_t kHorizonMs = int64_t{kSlots - 1} << (kSlotBits * (kLevels - 1));
  const int64_t place = std::min(timer.due_ms_, now_ms_ + kHorizonMs);
  const auto differing = static_cast<uint64_t>(place ^ now_ms_);
  const int level =
      differing == 0 ? 0 : std::min((static_cast<int>(std::bit_width(differing)) - 1) / kSlotBits, kLevels - 1);
  const auto slot = static_cast<size_t>(place >> (level * kSlotBits) & (kSlots - 1));
  wheel_[level][slot].push_back(timer);
  occupied_[level] |= uint64_t{1} << slot;
}

void TimerQueue::run_due() {
  const auto slot = static_cast<size_t>(now_ms_ & (kSlots - 1));
  if ((occupied_[0] >> slot & 1) == 0) return;
  occupied_[0] &= ~(uint64_t{1} << slot);
  Slot due;
  due.splice_back(wheel_[0][slot]);
  while (Timer* timer = due.pop_front()) {
    --active_;
    timer->run();
  }
}

void TimerQueue::cascade(int level) {
  const auto slot = static_cast<size_t>(now_ms_ >> (level * kSlotBits) & (kSlots - 1));
  if ((occupied_[level] >> slot & 1) == 0) return;
  occupied_[level] &= ~(uint64_t{1} << slot);
  Slot moved;
  moved.splice_back(wheel_[level][slot]);
  while (Timer* timer = moved.pop_front()) insert(*timer);
}

void TimerQueue::advance_to_ms(int64_t now_ms) {
  observe_ms(now_ms);
  run_due();
  while (now_ms_ < now_ms) {
    // Skip to the next time with an occupied slot or a cascade; without timers, to the end.
    const int64_t next = next_wakeup_ms();
    if (next < 0 || next > now_ms) {
      move_to(now_ms);
      return;
    }
    move_to(std::max(next, now_ms_ + 1));
    run_due();
  }
}

// The slots passed over hold no active timers. Those of timers that were stopped may be passed over while there is no
// active one at all: they are forgotten then, since behind the wheel's time they would be taken for times a turn ahead.
void TimerQueue::move_to(int64_t now_ms) {
  if (active_ == 0) occupied_.fill(0);
  const auto crossed = static_cast<uint64_t>(now_ms ^ now_ms_);
  now_ms_ = now_ms;
  for (int level = kLevels - 1; level >= 1; --level) {
    if (crossed >> (level * kSlotBits) != 0) cascade(level);
  }
}

// What a level holds shares the digits above with the present, and what the levels above hold does not: it is later. So
// the lowest level that holds anything has the first.
int64_t TimerQueue::next_wakeup_ms() const {
  if (active_ == 0) return -1;
  int level = 0;
  while (occupied_[level] == 0) ++level;
  const int shift = level * kSlotBits;
  const auto present = static_cast<unsigned>(now_ms_ >> shift & (kSlots - 1));
  const auto ahead = std::countr_zero(std::rotr(occupied_[level], static_cast<int>(present)));
  return std::max(((now_ms_ >> shift) + ahead) << shift, now_ms_);
}

}  // namespace roost::net
