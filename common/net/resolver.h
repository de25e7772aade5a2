#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"

namespace roost::net {

/// Resolves host names without blocking the loop (getaddrinfo on libuv's thread pool). Loop thread only.
class Resolver {
 public:
  /// `hosts_file`: a file in the format of /etc/hosts, read at each look-up and consulted before the system's resolver;
  /// empty for none.
  explicit Resolver(EventLoop& loop, std::string hosts_file = {});
  ~Resolver();

  /// A look-up under way; destroying it cancels it, and its callback then never runs.
  class Lookup {
   public:
    virtual ~Lookup() = default;
  };
  /// Receives 1 to kMaxAddresses addresses with the port of `host`; a numeric host gives itself. Or a retryable error
  /// (Side::backend) that names the host. Called once, never from inside resolve(); may destroy the look-up and the
  /// resolver.
  using OnResolved = UniqueFunction<void(Result<std::vector<Address>>)>;
  [[nodiscard]] std::unique_ptr<Lookup> resolve(const HostPort& host, OnResolved on_resolved);

  static constexpr size_t kMaxAddresses = 64;
  static constexpr size_t kMaxHostsFileBytes = 1024 * 1024;  ///< the rest of a longer file is not read

 private:
  EventLoop& loop_;
  std::string hosts_file_;
};

}  // namespace roost::net
