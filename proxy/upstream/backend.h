#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/mutex.h"
#include "common/net/address.h"

namespace roost::proxy {

class Backend;

/// `unresolved`: its name has no address yet. `down`: the last attempts to connect failed on each of its addresses.
/// `draining`: gets no new requests.
enum class BackendState : uint8_t { unresolved, up, down, draining };
std::string_view backend_state_name(BackendState state);

/// Called once when a backend goes from up to down, on the thread of the request that failed.
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
/// Only failures to connect mark a backend as down; the next connection marks it as up. BackendWatch tries to connect
/// in the background, and requests do when no other backend is up.
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
  /// Changes whenever the set of addresses does.
  uint32_t address_generation() const { return generation_.load(std::memory_order_acquire); }
  /// False when it has these already, in any order. Otherwise a backend that was down counts as up again.
  bool set_addresses(AddressList addresses);
  /// Where to connect next: the same address until a connection to it fails. Only when resolved().
  net::Address current_address() const;

  /// A connection to `address` could not be made. False when all addresses have failed in a row: the backend is down
  /// now. Otherwise true: another address may be tried at once.
  bool report_connect_failure(const net::Address& address);
  /// A connection was made.
  void report_connected();
  void set_observer(BackendObserver* observer) { observer_.store(observer, std::memory_order_release); }

  uint32_t active() const { return active_.load(std::memory_order_relaxed); }
  /// One more active request, if there are still `expected` of them: chooses and counts in one step.
  bool begin_request(uint32_t expected) {
    return active_.compare_exchange_strong(expected, expected + 1, std::memory_order_relaxed);
  }
  void begin_request() { active_.fetch_add(1, std::memory_order_relaxed); }
  void end_request() { active_.fetch_sub(1, std::memory_order_relaxed); }

  /// Totals since the start, for the admin page.
  struct Statistics {
    std::atomic<uint64_t> requests{0};          ///< attempts made
    std::atomic<uint64_t> connections{0};       ///< opened
    std::atomic<uint64_t> connect_failures{0};  ///< refused or timed out
    std::atomic<uint64_t> failures{0};          ///< requests that failed after the connection was made
    std::atomic<int64_t> idle_connections{0};   ///< idle at present, in the pools of all loops
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
  mutable Mutex address_mutex_;
  std::shared_ptr<const AddressList> addresses_ ROOST_GUARDED_BY(address_mutex_);
  uint32_t address_index_ ROOST_GUARDED_BY(address_mutex_) = 0;
  Statistics statistics_;
};

/// One active request of a backend, counted until this is released or destroyed. Moved, never copied.
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
