#include "proxy/runtime/lag_sampler.h"

#include <algorithm>

namespace roost::proxy {

LagSampler::LagSampler(net::EventLoop& loop, LoadShedder& shedder, observe::Gauge& lag_ms)
    : loop_(loop),
      shedder_(shedder),
      lag_ms_(lag_ms),
      timer_(net::Timer::of<&LagSampler::on_timer>(loop.timers(), this)) {}

void LagSampler::wake() {
  if (timer_.active()) return;
  due_ms_ = loop_.now_ms() + LoadShedder::kSampleMs;
  timer_.start_ms(LoadShedder::kSampleMs);
}

void LagSampler::stop() {
  timer_.stop();
  shedder_.reset();
  lag_ms_.set(0);
}

void LagSampler::on_timer() {
  const int64_t late_ms = std::max<int64_t>(0, loop_.now_ms() - due_ms_);
  lag_ms_.set(late_ms);
  shedder_.on_sample(late_ms);
  wake();
}

}  // namespace roost::proxy
