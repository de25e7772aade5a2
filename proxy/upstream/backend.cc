#include "proxy/upstream/backend.h"

#include <cerrno>

#include "common/base/random.h"
#include "common/net/local_error.h"

namespace roost::proxy {

namespace {

/// FNV-1a: the same in every process, as consistent hashing needs.
uint64_t identity_of(std::string_view name) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return Random::mix(hash);
}

}  // namespace

std::string_view backend_state_name(BackendState state) {
  switch (state) {
    case BackendState::unresolved:
      return "unresolved";
    case BackendState::up:
      return "up";
    case BackendState::down:
      return "down";
    case BackendState::failing:
      return "failing";
    case BackendState::ejected:
      return "ejected";
    case BackendState::unchecked:
      return "unchecked";
    case BackendState::draining:
      return "draining";
  }
  return "?";
}

Backend::Backend(uint32_t id, const net::HostPort& host, HealthOptions health)
    : id_(id), name_(host.to_string()), health_(std::move(health)), passive_(health_.outlier) {}

BackendState Backend::state() const {
  const uint8_t reasons = out_of_use();
  if ((reasons & kDraining) != 0) return BackendState::draining;
  if ((reasons & kUnresolved) != 0) return BackendState::unresolved;
  if ((reasons & kDown) != 0) return BackendState::down;
  if ((reasons & kFailing) != 0) return BackendState::failing;
  if ((reasons & kEjected) != 0) return BackendState::ejected;
  return (reasons & kUnchecked) != 0 ? BackendState::unchecked : BackendState::up;
}

void Backend::set_reason(Reason reason, bool holds) {
  if (holds) {
    reasons_.fetch_or(reason, std::memory_order_acq_rel);
  } else {
    reasons_.fetch_and(static_cast<uint8_t>(~reason), std::memory_order_acq_rel);
  }
}

void Backend::set_check_state(CheckHistory::State state) {
  set_reason(kUnchecked, state == CheckHistory::State::unknown);
  set_reason(kFailing, state == CheckHistory::State::failing);
}

void Backend::tell_observer() {
  if (BackendObserver* observer = observer_.load(std::memory_order_acquire)) observer->on_backend_changed(*this);
}

void Backend::charge_failure() {
  if (passive_.charge().add()) tell_observer();
}

bool Backend::eject(int64_t now_ms, std::string reason) {
  if (!passive_.eject(now_ms, std::move(reason))) return false;
  set_reason(kEjected, true);
  tell_observer();
  return true;
}

void Backend::end_ejection(int64_t now_ms) {
  passive_.end_ejection(now_ms);
  set_reason(kEjected, false);
}

void Backend::pardon() {
  passive_.pardon();
  set_reason(kEjected, false);
}

net::Address Backend::address() const {
  const MutexLock lock(address_mutex_);
  return address_;
}

void Backend::set_address(const net::Address& address) {
  const std::string text = address.to_string();
  {
    const MutexLock lock(address_mutex_);
    address_ = address;
  }
  // A name stands for several backends: its addresses tell them apart.
  identity_.store(identity_of(text == name_ ? name_ : name_ + " " + text), std::memory_order_relaxed);
  passive_.forget();
  connected_once_.store(false, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_acq_rel);
  const bool checked = health_.check.kind != CheckOptions::Kind::off;
  const auto before = static_cast<uint8_t>(out_of_use() & kDraining);
  reasons_.store(static_cast<uint8_t>(before | (checked ? kUnchecked : 0)), std::memory_order_release);
}

void Backend::report_connect_failure(const net::Address& failed, int code) {
  // EADDRNOTAVAIL is a lack of free ports, unless there has never been a connection: then this machine may have no
  // address of that family, as where "localhost" is ::1 too and IPv6 is off.
  const bool lasting = code == EADDRNOTAVAIL && !connected_once_.load(std::memory_order_relaxed);
  if (net::is_local_error(code) && !lasting) return;
  statistics_.connect_failures.fetch_add(1, std::memory_order_relaxed);
  if (!resolved() || !(address() == failed)) return;
  if ((reasons_.fetch_or(kDown, std::memory_order_acq_rel) & kDown) == 0) tell_observer();
}

}  // namespace roost::proxy
