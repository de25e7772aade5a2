#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"

namespace roost::net {

/// Turns host names into addresses without stopping the loop (getaddrinfo on libuv's thread pool). Loop thread only.
class Resolver {
 public:
  /// `hosts_file`: a file in the format of /etc/hosts that is read anew at each look-up and asked before the system's
  /// resolver; empty for none.
  explicit Resolver(EventLoop& loop, std::string hosts_file = {});
  ~Resolver();

  /// A look-up under way; destroying it cancels it, and its callback then never runs.
  class Lookup {
   public:
    virtual ~Lookup() = default;
  };
  /// At least one address, each with `port` set; or an error that names the host. Never called from inside resolve().
  using OnResolved = UniqueFunction<void(Result<std::vector<Address>>)>;
  [[nodiscard]] std::unique_ptr<Lookup> resolve(const HostPort& host, OnResolved on_resolved);

 private:
  EventLoop& loop_;
  std::string hosts_file_;
};

}  // namespace roost::net
