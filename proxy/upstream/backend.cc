#include "proxy/upstream/backend.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/random.h"

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
    case BackendState::draining:
      return "draining";
  }
  return "?";
}

Backend::Backend(uint32_t id, net::HostPort host)
    : id_(id),
      host_(std::move(host)),
      name_(host_.to_string()),
      identity_(identity_of(name_)),
      addresses_(std::make_shared<const AddressList>()) {}

BackendState Backend::state() const {
  if (draining()) return BackendState::draining;
  if (!resolved()) return BackendState::unresolved;
  return down() ? BackendState::down : BackendState::up;
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
    address_count_.store(static_cast<uint32_t>(addresses_->size()), std::memory_order_release);
  }
  failures_in_row_.store(0, std::memory_order_relaxed);
  down_.store(false, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_acq_rel);
  return true;
}

net::Address Backend::current_address() const {
  const MutexLock lock(address_mutex_);
  ROOST_CHECK(!addresses_->empty());
  return (*addresses_)[address_index_];
}

bool Backend::report_connect_failure(const net::Address& address) {
  statistics_.connect_failures.fetch_add(1, std::memory_order_relaxed);
  {
    const MutexLock lock(address_mutex_);
    if (addresses_->empty()) return false;
    // Another request has reported it already; the address that is current now has not failed yet.
    if (!((*addresses_)[address_index_] == address)) return !down();
    address_index_ = (address_index_ + 1) % static_cast<uint32_t>(addresses_->size());
    if (failures_in_row_.fetch_add(1, std::memory_order_relaxed) + 1 < addresses_->size()) return true;
  }
  if (!down_.exchange(true, std::memory_order_acq_rel)) {
    if (BackendObserver* observer = observer_.load(std::memory_order_acquire)) observer->on_backend_down(*this);
  }
  return false;
}

void Backend::report_connected() {
  if (failures_in_row_.load(std::memory_order_relaxed) != 0) failures_in_row_.store(0, std::memory_order_relaxed);
  if (down_.load(std::memory_order_relaxed)) down_.store(false, std::memory_order_release);
}

}  // namespace roost::proxy
