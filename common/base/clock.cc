#include "common/base/clock.h"

#include <ctime>

namespace roost {
namespace {

int64_t read_ms(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

int64_t SystemClock::monotonic_ms() const {
  return read_ms(CLOCK_MONOTONIC);
}

int64_t SystemClock::unix_ms() const {
  return read_ms(CLOCK_REALTIME);
}

}  // namespace roost
