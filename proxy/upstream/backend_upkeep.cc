#include "proxy/upstream/backend_upkeep.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/units.h"
#include "proxy/upstream/health/slow_start.h"

namespace roost::proxy {

BackendUpkeep::BackendUpkeep(net::EventLoop& loop, Backend& backend, OnNews on_news)
    : loop_(loop),
      backend_(backend),
      on_news_(std::move(on_news)),
      timer_(net::Timer::of<&BackendUpkeep::on_timer>(loop.timers(), this)) {}

void BackendUpkeep::look() {
  if (backend_.ejected() && ejected_until_ms_ == 0) announce_ejection();
  if (!timer_.active()) schedule();
}

void BackendUpkeep::announce_ejection() {
  const PassiveHealth::Ejection ejection = backend_.passive().ejection();
  ejected_until_ms_ = ejection.until_ms;
  slow_start_ms_ = 0;  // that of its return begins anew
  on_news_(fmt::format("ejected for {}: {}", format_duration_ms(ejection.duration_ms), ejection.reason), true);
}

void BackendUpkeep::end_ejection() {
  ejected_until_ms_ = 0;
  begin_slow_start(std::max(backend_.health().slow_start_ms, HealthOptions::kAfterEjectionMs));
  backend_.end_ejection(loop_.now_ms());
  on_news_(fmt::format("returned: its ejection is over; full weight in {}", format_duration_ms(slow_start_ms_)), false);
}

void BackendUpkeep::begin_slow_start(int64_t duration_ms) {
  slow_start_ms_ = duration_ms;
  in_use_since_ms_ = loop_.now_ms();
  backend_.passive().set_weight_percent(slow_start_percent(0, duration_ms));
  if (!timer_.active()) schedule();
}

void BackendUpkeep::forgive() {
  forget();
  backend_.pardon();
}

void BackendUpkeep::end_first_ejection() {
  if (!backend_.ejected()) return;
  if (backend_.passive().ejection().duration_ms <= backend_.health().outlier.ejection_ms) end_ejection();
}

void BackendUpkeep::forget() {
  ejected_until_ms_ = 0;
  slow_start_ms_ = 0;
}

void BackendUpkeep::on_timer() {
  const int64_t now_ms = loop_.now_ms();
  if (ejected_until_ms_ > 0 && now_ms >= ejected_until_ms_) end_ejection();
  if (starting_slowly()) {
    backend_.passive().set_weight_percent(slow_start_percent(now_ms - in_use_since_ms_, slow_start_ms_));
    if (now_ms - in_use_since_ms_ >= slow_start_ms_) slow_start_ms_ = 0;
  }
  backend_.passive().charge().fade();
  schedule();
}

void BackendUpkeep::schedule() {
  if (ejected_until_ms_ == 0 && !starting_slowly() && backend_.passive().charge().value() == 0) return;
  int64_t after_ms = FailureCharge::kFadePeriodMs;
  if (ejected_until_ms_ > 0) after_ms = std::clamp<int64_t>(ejected_until_ms_ - loop_.now_ms(), 0, after_ms);
  timer_.start_ms(after_ms);
}

}  // namespace roost::proxy
