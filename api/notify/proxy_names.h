#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/net/resolver.h"
#include "common/net/timer.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The proxies in front, given by address or by name. A name is looked up again and again, so that one that does not
/// resolve yet is found later and a changed address is followed; each address that it has is a proxy. A look-up that
/// fails leaves the addresses known before. Loop thread only.
class ProxyNames {
 public:
  struct Options {
    int64_t period_ms = 10'000;   ///< between two look-ups of a name
    int64_t retry_ms = 1'000;     ///< the same while it has no address
    std::string hosts_file = {};  ///< for Resolver
  };
  /// Gets all addresses, each once, whenever they have changed; from the constructor those that need no look-up, which
  /// may be none.
  using OnAddresses = UniqueFunction<void(const std::vector<net::Address>&)>;

  /// `proxies` are addresses and names with ports; `events` outlives it.
  ProxyNames(net::EventLoop& loop, const std::vector<net::HostPort>& proxies, Options options,
             observe::EventLog& events, OnAddresses on_addresses);
  ~ProxyNames();
  ProxyNames(const ProxyNames&) = delete;
  ProxyNames& operator=(const ProxyNames&) = delete;

 private:
  class Name;
  void tell();

  const Options options_;
  net::EventLoop& loop_;
  net::Resolver resolver_;
  observe::EventLog& events_;
  OnAddresses on_addresses_;
  std::vector<net::Address> fixed_;
  std::vector<std::unique_ptr<Name>> names_;
  std::vector<net::Address> told_;
};

}  // namespace roost::api
