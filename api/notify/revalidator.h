#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Makes proxies revalidate cached answers about changed tweets (`POST /purge?soft=1&tags=…` on their admin listeners).
/// Best effort: without it readers see the old answer until it expires. Loop thread only.
///
///  - at most one revalidation per proxy, tweet and kSpacingMs;
///  - many tweets in one request, one request at a time to each proxy;
///  - a request that fails is repeated with growing pauses; a revalidation older than kMaxAgeMs is dropped, and so is
///    the oldest when kMaxPending are pending.
class Revalidator {
 public:
  static constexpr int64_t kLists = 0;  ///< the id that stands for all lists; no tweet has it
  static constexpr int64_t kSpacingMs = 1'000;
  static constexpr int64_t kMaxAgeMs = 60'000;  ///< the cached answers have expired by then
  static constexpr size_t kMaxPending = 20'000;
  static constexpr size_t kMaxTagsPerRequest = 200;  ///< with the longest ids still below 8 KiB, a request line's limit

  struct Stats {
    uint64_t sent = 0;       ///< received by a proxy
    uint64_t coalesced = 0;  ///< merged with a pending one
    uint64_t lost = 0;       ///< dropped at a limit
    uint64_t failures = 0;   ///< requests that failed
  };

  /// `token` is what the admin listeners ask for ([admin] token), empty for none. `events` outlives it.
  Revalidator(net::EventLoop& loop, std::string token, observe::EventLog& events);
  ~Revalidator();
  Revalidator(const Revalidator&) = delete;
  Revalidator& operator=(const Revalidator&) = delete;

  /// The proxies from now on. What is pending for one that is no longer among them is forgotten.
  void use(const std::vector<net::Address>& proxies);
  void tweets_changed(std::span<const int64_t> ids);
  /// A tweet was created, edited or deleted, which changes lists, too.
  void tweet_written(int64_t id);
  Stats stats() const;

 private:
  class Proxy;
  net::EventLoop& loop_;
  const std::string token_;
  observe::EventLog& events_;
  Stats gone_;  // of proxies that are no longer used
  std::vector<std::unique_ptr<Proxy>> proxies_;
};

}  // namespace roost::api
