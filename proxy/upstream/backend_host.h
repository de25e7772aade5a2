#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/net/address.h"
#include "proxy/upstream/backend.h"

namespace roost::proxy {

/// A backend as the configuration writes it: a name or an address, with a port. It stands for a Backend for each of its
/// addresses. Lives as long as a configuration names it. The addresses are set by BackendWatch, on one thread; all else
/// on any.
class BackendHost {
 public:
  static constexpr size_t kMaxAddresses = 64;  ///< more are left out

  BackendHost(uint32_t id, net::HostPort host, HealthOptions health = {});
  BackendHost(const BackendHost&) = delete;
  BackendHost& operator=(const BackendHost&) = delete;

  /// Unique among the hosts in use, and small.
  uint32_t id() const { return id_; }
  const net::HostPort& host() const { return host_; }
  const std::string& name() const { return name_; }  ///< "host:port"
  const HealthOptions& health() const { return health_; }

  /// How many Backends there are: at(0) to at(count() - 1). Never fewer than before; those whose address is gone are
  /// unresolved, until they are given another.
  size_t count() const { return count_.load(std::memory_order_acquire); }
  Backend& at(size_t index) const { return *backends_[index]; }
  bool resolved() const;

  /// False when it has these already, in any order. An address that stays keeps its Backend, with its counts and its
  /// health; one that is new takes a Backend without an address and without requests, or else a new one.
  bool set_addresses(const std::vector<net::Address>& addresses);

 private:
  Backend* backend_of(const net::Address& address) const;
  Backend* free_backend();

  const uint32_t id_;
  const net::HostPort host_;
  const std::string name_;
  const HealthOptions health_;
  std::array<std::unique_ptr<Backend>, kMaxAddresses> backends_;
  std::atomic<size_t> count_{0};
};

}  // namespace roost::proxy
