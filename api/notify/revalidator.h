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

/// Tells proxies that what they keep of some tweets has changed (`POST /purge?soft=1&tags=…` on their admin listeners),
/// so that they ask for it anew. Best effort: a word that is lost costs readers the rest of the time the answer was
/// kept for anyway. Loop thread only.
///
///  - at most one word per proxy, tweet and kSpacingMs: a tweet that changes faster is told of once per kSpacingMs;
///  - many tweets in one request, one request at a time to each proxy;
///  - a proxy that does not answer is asked again with growing pauses; a word older than kWorthlessMs is dropped, and
///    so is the oldest when kMaxPending wait.
class Revalidator {
 public:
  static constexpr int64_t kSpacingMs = 1'000;
  static constexpr int64_t kWorthlessMs = 60'000;
  static constexpr size_t kMaxPending = 20'000;
  static constexpr size_t kMaxTagsPerRequest = 200;  ///< with the longest ids still below 8 KiB, a request line's limit

  struct Stats {
    uint64_t told = 0;       ///< words that a proxy has taken
    uint64_t coalesced = 0;  ///< that one already waiting stood for
    uint64_t lost = 0;       ///< dropped at a limit
    uint64_t failures = 0;   ///< requests that failed
  };

  /// `events` outlives it.
  Revalidator(net::EventLoop& loop, const std::vector<net::Address>& proxies, observe::EventLog& events);
  ~Revalidator();
  Revalidator(const Revalidator&) = delete;
  Revalidator& operator=(const Revalidator&) = delete;

  void tweets_changed(std::span<const int64_t> ids);
  Stats stats() const;

 private:
  class Proxy;
  std::vector<std::unique_ptr<Proxy>> proxies_;
};

}  // namespace roost::api
