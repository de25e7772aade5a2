#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net/address.h"

namespace roost::proxy {

class Backend;

/// `unresolved`: its name has no address yet. `down`: its last connection attempts failed, on every address it has.
/// `draining`: takes no new request.
enum class BackendState : uint8_t { unresolved, up, down, draining };
std::string_view backend_state_name(BackendState state);

/// Told once when a backend goes from up to down, on the thread whose request found out.
class BackendObserver {
 public:
  virtual void on_backend_down(Backend& backend) = 0;

 protected:
  ~BackendObserver() = default;
};

/// One server behind the proxy, shared by all loops and pools: there is one count of active requests for the whole
/// process, so that balancing does not depend on the number of threads. Lives as long as a configuration names it. Any
/// thread; the addresses are set by BackendWatch.
///
/// Only failures to connect mark a backend as down. Whoever connects again (BackendWatch tries in the background, and
/// requests do when no other backend is up) marks it up.
class Backend {
 public:
  Backend(uint32_t id, net::HostPort host);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// Unique among the backends in use, and small: an index.
  uint32_t id() const { return id_; }
  const net::HostPort& host() const { return host_; }
  const std::string& name() const { return name_; }  ///< "host:port"
  uint64_t identity() const { return identity_; }

  BackendState state() const;
  bool resolved() const { return address_count_.load(std::memory_order_acquire) > 0; }
  bool down() const { return down_.load(std::memory_order_acquire); }
  bool draining() const { return draining_.load(std::memory_order_acquire); }
  void set_draining(bool draining) { draining_.store(draining, std::memory_order_release); }

  using AddressList = std::vector<net::Address>;
  /// Never null; empty while unresolved.
  std::shared_ptr<const AddressList> addresses() const;
  /// Changes with every set_addresses that brings something new.
  uint32_t address_generation() const { return generation_.load(std::memory_order_acquire); }
  /// False when they are the ones it has already (in any order). A backend that was down is up until tried.
  bool set_addresses(AddressList addresses);
  /// Where to connect next: stays at one address until that one fails. Only when resolved().
  net::Address current_address() const;

  /// A connection to `address` could not be made. True when another of its addresses is worth a try at once; false when
  /// all have failed in a row: the backend is down now.
  bool report_connect_failure(const net::Address& address);
  /// It took a connection.
  void report_connected();
  void set_observer(BackendObserver* observer) { observer_.store(observer, std::memory_order_release); }

  uint32_t active() const { return active_.load(std::memory_order_relaxed); }
  /// One more active request, if there are still `expected` of them. The one way to choose and count in one step.
  bool begin_request(uint32_t expected) {
    return active_.compare_exchange_strong(expected, expected + 1, std::memory_order_relaxed);
  }
  void begin_request() { active_.fetch_add(1, std::memory_order_relaxed); }
  void end_request() { active_.fetch_sub(1, std::memory_order_relaxed); }

  /// Totals since the start, for the admin page.
  struct Statistics {
    std::atomic<uint64_t> requests{0};          ///< attempts sent its way
    std::atomic<uint64_t> connections{0};       ///< opened
    std::atomic<uint64_t> connect_failures{0};  ///< refused or timed out
    std::atomic<uint64_t> failures{0};          ///< exchanges that broke after the connection was made
    std::atomic<int64_t> idle_connections{0};   ///< waiting in the pools of all loops, at present
  };
  Statistics& statistics() { return statistics_; }
  const Statistics& statistics() const { return statistics_; }

 private:
  const uint32_t id_;
  const net::HostPort host_;
  const std::string name_;
  const uint64_t identity_;
  std::atomic<uint32_t> active_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> down_{false};
  std::atomic<uint32_t> failures_in_row_{0};
  std::atomic<uint32_t> address_count_{0};
  std::atomic<uint32_t> generation_{0};
  std::atomic<BackendObserver*> observer_{nullptr};
  mutable std::mutex address_mutex_;
  std::shared_ptr<const AddressList> addresses_;  // guarded by address_mutex_
  uint32_t address_index_ = 0;                    // guarded by address_mutex_
  Statistics statistics_;
};

/// One active request of a backend: counted while this lives. Moved, never copied.
class BackendLease {
 public:
  BackendLease() = default;
  /// Takes over a count that begin_request made.
  explicit BackendLease(Backend& counted) : backend_(&counted) {}
  BackendLease(BackendLease&& other) noexcept : backend_(std::exchange(other.backend_, nullptr)) {}
  BackendLease& operator=(BackendLease&& other) noexcept {
    std::swap(backend_, other.backend_);
    other.release();
    return *this;
  }
  ~BackendLease() { release(); }
  void release() {
    if (backend_ != nullptr) std::exchange(backend_, nullptr)->end_request();
  }
  explicit operator bool() const { return backend_ != nullptr; }
  Backend* get() const { return backend_; }
  Backend* operator->() const { return backend_; }

 private:
  Backend* backend_ = nullptr;
};

}  // namespace roost::proxy
