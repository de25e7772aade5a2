#include "proxy/upstream/backend_care.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/backoff.h"

namespace roost::proxy {

namespace {

// A restarted backend is found within half a second.
constexpr Backoff kConnectBackoff{100, 500, 75, 125};
constexpr uint64_t kFirstCheckSpreadMs = 50;  // so that many backends are not checked in the same instant

/// `interval_ms`, a tenth more or less.
int64_t with_jitter(int64_t interval_ms, uint64_t random) {
  return interval_ms * static_cast<int64_t>(90 + random % 21) / 100;
}

}  // namespace

BackendCare::BackendCare(net::EventLoop& loop, Connector& connector, Random& random, Backend& backend, OnNews on_news)
    : loop_(loop),
      connector_(connector),
      random_(random),
      backend_(backend),
      options_(backend.health().check),
      on_news_(std::move(on_news)),
      upkeep_(loop, backend, on_news_),
      history_(options_.rise, options_.fall),
      timer_(net::Timer::of<&BackendCare::on_timer>(loop.timers(), this)) {}

void BackendCare::look_at_address() {
  const uint32_t generation = backend_.address_generation();
  if (backend_.resolved() && generation == generation_) return;
  generation_ = backend_.resolved() ? generation : 0;
  probe_.reset();
  timer_.stop();
  history_.forget();
  failures_ = 0;
  absent_ = false;
  upkeep_.forget();
  if (checks() && backend_.resolved()) timer_.start_ms(static_cast<int64_t>(random_.next() % kFirstCheckSpreadMs));
}

void BackendCare::look() {
  upkeep_.look();
  if (!backend_.down() || !backend_.resolved()) return;
  absent_ = true;
  if (!checks()) {
    if (failures_ > 0) return;
    failures_ = 1;
    on_news_("down: takes no connections; tried again in the background", true);
    return timer_.start_ms(kConnectBackoff.delay_ms(failures_, random_.next()));
  }
  if (history_.state() == CheckHistory::State::failing) return;
  history_.fail();
  backend_.set_check_state(history_.state());
  on_news_("down: takes no connections", true);
  if (!probe_) schedule_check();
}

void BackendCare::on_timer() {
  if (!checks() && !backend_.down()) return come_up("up: takes connections again");  // those of requests
  probe_ = std::make_unique<HealthProbe>(
      loop_, connector_, backend_.address(), options_, backend_.name(),
      [this](HealthProbe::Result result, const std::string& failure) { on_probed(result, failure); });
}

void BackendCare::on_probed(HealthProbe::Result result, const std::string& failure) {
  probe_.reset();
  if (!checks()) return note_connect(result == HealthProbe::Result::passed);
  if (result == HealthProbe::Result::absent) absent_ = true;
  if (result != HealthProbe::Result::unknown) note_check(result == HealthProbe::Result::passed, failure);
  schedule_check();
}

void BackendCare::note_connect(bool connected) {
  if (!connected) return timer_.start_ms(kConnectBackoff.delay_ms(++failures_, random_.next()));
  backend_.report_connected();
  come_up("up: takes connections again");
}

void BackendCare::note_check(bool passed, const std::string& failure) {
  if (passed) backend_.report_connected();
  const bool known = history_.state() != CheckHistory::State::unknown;
  if (!history_.note(passed)) {
    if (history_.state() == CheckHistory::State::passing && passed) absent_ = false;
    return;
  }
  if (passed) {
    come_up(known ? "up: passes its checks again" : "up: passes its check");
  } else {
    on_news_(fmt::format("failing: its check failed: {}", failure), true);
  }
  backend_.set_check_state(history_.state());
}

void BackendCare::come_up(const std::string& news) {
  failures_ = 0;
  if (std::exchange(absent_, false)) {
    upkeep_.forgive();  // it was restarted: a process that is killed breaks many requests at once
  } else {
    upkeep_.end_first_ejection();
  }
  if (backend_.health().slow_start_ms > 0) upkeep_.begin_slow_start(backend_.health().slow_start_ms);
  on_news_(news, false);
}

void BackendCare::schedule_check() {
  const bool fast = history_.changing() || history_.state() == CheckHistory::State::failing;
  timer_.start_ms(with_jitter(fast ? options_.fast_interval_ms : options_.interval_ms, random_.next()));
}

}  // namespace roost::proxy
