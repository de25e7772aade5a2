#include "proxy/runtime/lag_sampler.h"

#include <doctest/doctest.h>

#include "tests/support/driven_loop.h"

using namespace roost;
using namespace roost::proxy;

TEST_CASE("turns that take long are lateness, and nothing is sampled while there is nothing to serve") {
  net::DrivenLoop time;
  LoadShedder load;
  load.set_target_ms(100);
  observe::Gauge lag_ms;
  LagSampler sampler(time.loop(), load, lag_ms);
  CHECK(time.loop().timers().active_count() == 0);
  sampler.wake();
  sampler.wake();
  CHECK(time.loop().timers().active_count() == 1);
  time.advance_ms(LoadShedder::kSampleMs);
  CHECK(lag_ms.value() == 0);
  for (uint32_t i = 0; i < LoadShedder::kPatience; ++i) time.advance_ms(LoadShedder::kSampleMs + 150);
  CHECK(lag_ms.value() == 150);
  CHECK(load.is_shedding());
  sampler.stop();
  CHECK_FALSE(load.is_shedding());
  CHECK(lag_ms.value() == 0);
  CHECK(time.loop().timers().active_count() == 0);
}
