#include "proxy/upstream/backend.h"

#include <algorithm>
#include <cerrno>

#include "common/base/check.h"
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

bool same_set(const Backend::AddressList& a, const Backend::AddressList& b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
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
    case BackendState::ejected:
      return "ejected";
    case BackendState::draining:
      return "draining";
  }
  return "?";
}

Backend::Backend(uint32_t id, net::HostPort host, HealthOptions health)
    : id_(id),
      host_(std::move(host)),
      name_(host_.to_string()),
      identity_(identity_of(name_)),
      health_(std::move(health)),
      passive_(health_.outlier),
      addresses_(std::make_shared<const AddressList>()) {}

BackendState Backend::state() const {
  const uint8_t reasons = out_of_use();
  if ((reasons & kDraining) != 0) return BackendState::draining;
  if ((reasons & kUnresolved) != 0) return BackendState::unresolved;
  if ((reasons & kDown) != 0) return BackendState::down;
  return (reasons & kEjected) != 0 ? BackendState::ejected : BackendState::up;
}

void Backend::set_reason(Reason reason, bool holds) {
  if (holds) {
    reasons_.fetch_or(reason, std::memory_order_acq_rel);
  } else {
    reasons_.fetch_and(static_cast<uint8_t>(~reason), std::memory_order_acq_rel);
  }
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

std::shared_ptr<const Backend::AddressList> Backend::addresses() const {
  const MutexLock lock(address_mutex_);
  return addresses_;
}

bool Backend::set_addresses(AddressList addresses) {
  {
    const MutexLock lock(address_mutex_);
    if (same_set(*addresses_, addresses)) return false;
    addresses_ = std::make_shared<const AddressList>(std::move(addresses));
    address_index_ = 0;
    set_reason(kUnresolved, addresses_->empty());
  }
  forget_connect_failures();
  generation_.fetch_add(1, std::memory_order_acq_rel);
  return true;
}

net::Address Backend::current_address() const {
  const MutexLock lock(address_mutex_);
  ROOST_CHECK(!addresses_->empty());
  return (*addresses_)[address_index_];
}

bool Backend::report_connect_failure(const net::Address& address, int code) {
  // EADDRNOTAVAIL is a lack of free ports, unless there has never been a connection: then this machine may have no
  // address of that family, as where "localhost" is ::1 too and IPv6 is off.
  const bool lasting = code == EADDRNOTAVAIL && !connected_once_.load(std::memory_order_relaxed);
  if (net::is_local_error(code) && !lasting) return !down();
  statistics_.connect_failures.fetch_add(1, std::memory_order_relaxed);
  {
    const MutexLock lock(address_mutex_);
    if (addresses_->empty()) return false;
    // Another request has reported it already; the address that is current now has not failed yet.
    if (!((*addresses_)[address_index_] == address)) return !down();
    address_index_ = (address_index_ + 1) % static_cast<uint32_t>(addresses_->size());
    if (connect_failures_in_row_.fetch_add(1, std::memory_order_relaxed) + 1 < addresses_->size()) return true;
  }
  if ((reasons_.fetch_or(kDown, std::memory_order_acq_rel) & kDown) == 0) tell_observer();
  return false;
}

void Backend::forget_connect_failures() {
  connect_failures_in_row_.store(0, std::memory_order_relaxed);
  set_reason(kDown, false);
}

}  // namespace roost::proxy
