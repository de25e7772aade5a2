#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "proxy/cache/cache_key.h"
#include "proxy/cache/freshness.h"

namespace roost::proxy {

/// Remembers which responses were uncacheable a moment ago, so that requests for them do not wait for one another, by
/// key and by the kinds of credentials of the request. A marked request fetches for the cache now and then, alone: as
/// soon as a response is storable again it is stored, and the mark dropped.
///
/// A bounded table: a newer mark may replace an older one. Any thread; a torn entry costs a wait or a fetch. Times are
/// monotonic ms.
class UncacheableMarks {
 public:
  static constexpr int64_t kMarkMs = 10'000;  ///< how long a mark stays without being noted again
  static constexpr size_t kMaxMarks = 4096;
  static constexpr uint32_t kFreeTries = 4;      ///< refusals in a row before tries are spaced
  static constexpr int64_t kTryPauseMs = 1'000;  ///< between two tries after that

  enum class Advice : uint8_t {
    share,      ///< not marked: lead a fetch, or wait for one
    try_alone,  ///< fetch for the cache unless somebody does, and do not wait
    pass,       ///< ask a backend for this client alone
  };

  /// The response was uncacheable.
  void note(const CacheKey& key, Credentials credentials, int64_t now_ms);
  /// A response is storable: drops the mark.
  void forget(const CacheKey& key, Credentials credentials);
  bool is_marked(const CacheKey& key, Credentials credentials, int64_t now_ms) const;
  /// `try_alone` may take the turn of this pause: the caller acts on it.
  Advice advise(const CacheKey& key, Credentials credentials, int64_t now_ms);

 private:
  struct Mark {
    std::atomic<uint64_t> hash{0};
    std::atomic<int64_t> until_ms{0};
    std::atomic<int64_t> next_try_ms{0};
    std::atomic<uint32_t> refusals{0};  // in a row
  };
  std::array<Mark, kMaxMarks> marks_;
};

}  // namespace roost::proxy
