#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/mutex.h"
#include "common/net/address.h"
#include "proxy/upstream/health/check_history.h"
#include "proxy/upstream/health/health_options.h"
#include "proxy/upstream/health/passive_health.h"

namespace roost::proxy {

class Backend;

/// `unresolved`: it has no address. `down`: the last attempt to connect failed. `failing`: so do its checks.
/// `ejected`: too many of its requests failed. `unchecked`: it has not been checked yet. `draining`: gets no new
/// requests.
enum class BackendState : uint8_t { unresolved, up, down, failing, ejected, unchecked, draining };
std::string_view backend_state_name(BackendState state);

/// Called on the thread of the request that made the change.
class BackendObserver {
 public:
  /// It went down, was ejected, or a FailureCharge begins that has to fade.
  virtual void on_backend_changed(Backend& backend) = 0;

 protected:
  ~BackendObserver() = default;
};

/// One address behind the proxy, shared by all loops and pools: there is one count of active requests for the whole
/// process, so that balancing does not depend on the number of threads. Lives as long as its BackendHost. Any thread;
/// its address is set by BackendHost, the results of its checks by BackendWatch.
///
/// A failure to connect marks a backend as down; the next connection marks it as up. BackendWatch tries to connect in
/// the background, and requests do when no other backend is up. A Pool ejects it when its requests fail, and
/// BackendWatch ends the ejection.
class Backend {
 public:
  Backend(uint32_t id, const net::HostPort& host, HealthOptions health = {});
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// Unique among the backends in use, and small: an index.
  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }  ///< "host:port", as the configuration writes it
  /// The same for the same name and address in every process.
  uint64_t identity() const { return identity_.load(std::memory_order_relaxed); }
  const HealthOptions& health() const { return health_; }

  /// Why it is not in use. Several may hold at once.
  enum Reason : uint8_t { kUnresolved = 1, kDraining = 2, kDown = 4, kEjected = 8, kFailing = 16, kUnchecked = 32 };
  /// A set of Reasons; 0: it is in use.
  uint8_t out_of_use() const { return reasons_.load(std::memory_order_acquire); }
  BackendState state() const;
  bool resolved() const { return (out_of_use() & kUnresolved) == 0; }
  bool down() const { return (out_of_use() & kDown) != 0; }
  bool ejected() const { return (out_of_use() & kEjected) != 0; }
  void set_draining(bool draining) { set_reason(kDraining, draining); }
  void set_check_state(CheckHistory::State state);

  /// Where to connect. The last one that it had, if it has none now.
  net::Address address() const;
  /// Changes whenever the address does.
  uint32_t address_generation() const { return generation_.load(std::memory_order_acquire); }
  /// A new start: what was known of its health is forgotten.
  void set_address(const net::Address& address);
  void clear_address() { set_reason(kUnresolved, true); }

  /// A connection to `address` could not be made, for `code` (an errno, 0 where there is none): the backend is down, if
  /// this is still its address. Errors of this machine (net::is_local_error) say nothing about it, and are not counted.
  void report_connect_failure(const net::Address& address, int code = 0);
  /// A connection was made.
  void report_connected() {
    if (!connected_once_.load(std::memory_order_relaxed)) connected_once_.store(true, std::memory_order_relaxed);
    if (down()) set_reason(kDown, false);
  }
  void set_observer(BackendObserver* observer) { observer_.store(observer, std::memory_order_release); }

  PassiveHealth& passive() { return passive_; }
  /// A failure adds to its load for a while.
  void charge_failure();
  /// Takes it out of use; BackendWatch ends that in time. False when it is ejected already.
  bool eject(int64_t now_ms, std::string reason);
  void end_ejection(int64_t now_ms);
  /// It was restarted: what is known of it does not count, but one that was ejected gets its trial first.
  void pardon();

  uint32_t active() const { return active_.load(std::memory_order_seq_cst); }
  /// One more active request, if there are still `expected` of them: chooses and counts in one step.
  bool begin_request(uint32_t expected) {
    return active_.compare_exchange_strong(expected, expected + 1, std::memory_order_relaxed);
  }
  void begin_request() { active_.fetch_add(1, std::memory_order_relaxed); }
  void end_request() { active_.fetch_sub(1, std::memory_order_seq_cst); }

  /// Totals since the start, for the admin page.
  struct Statistics {
    std::atomic<uint64_t> requests{0};          ///< attempts made
    std::atomic<uint64_t> connections{0};       ///< opened
    std::atomic<uint64_t> connect_failures{0};  ///< refused or timed out
    std::atomic<uint64_t> failures{0};          ///< requests that failed once connected, or by their status
    std::atomic<int64_t> idle_connections{0};   ///< idle at present, in the pools of all loops
  };
  Statistics& statistics() { return statistics_; }

 private:
  void set_reason(Reason reason, bool holds);
  void tell_observer();

  const uint32_t id_;
  const std::string name_;
  const HealthOptions health_;
  std::atomic<uint64_t> identity_{0};
  std::atomic<uint32_t> active_{0};
  std::atomic<uint8_t> reasons_{kUnresolved};
  std::atomic<bool> connected_once_{false};  // to its address
  std::atomic<uint32_t> generation_{0};
  std::atomic<BackendObserver*> observer_{nullptr};
  PassiveHealth passive_;
  mutable Mutex address_mutex_;
  net::Address address_ ROOST_GUARDED_BY(address_mutex_);
  Statistics statistics_;
};

/// One active request of a backend, counted until this is released or destroyed, whether its outcome has been noted,
/// and whether it is a trial. Moved, never copied.
class BackendLease {
 public:
  BackendLease() = default;
  /// Takes over a count that begin_request made, and a trial that Standing::begin_trial() has.
  explicit BackendLease(Backend& counted, bool trial = false) : backend_(&counted), trial_(trial) {}
  BackendLease(BackendLease&& other) noexcept
      : backend_(std::exchange(other.backend_, nullptr)), noted_(other.noted_), trial_(other.trial_) {}
  BackendLease& operator=(BackendLease&& other) noexcept {
    std::swap(backend_, other.backend_);
    noted_ = other.noted_;
    std::swap(trial_, other.trial_);
    other.release();
    return *this;
  }
  ~BackendLease() { release(); }
  void release() {
    if (backend_ == nullptr) return;
    if (trial_) backend_->passive().standing().give_up_trial();
    std::exchange(backend_, nullptr)->end_request();
  }
  explicit operator bool() const { return backend_ != nullptr; }
  Backend* get() const { return backend_; }
  Backend* operator->() const { return backend_; }
  /// True the first time.
  bool note_outcome() { return backend_ != nullptr && !std::exchange(noted_, true); }
  /// It is the trial of a backend that returned from an ejection.
  bool is_trial() const { return trial_; }
  /// The backend is ejected, or has been of late: what fails there may well be answered elsewhere.
  bool distrusted() const { return backend_->passive().standing().state() != Standing::State::trusted; }

 private:
  Backend* backend_ = nullptr;
  bool noted_ = false;
  bool trial_ = false;
};

}  // namespace roost::proxy
