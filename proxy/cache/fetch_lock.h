#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/cache/fetch.h"

namespace roost::proxy {

/// Who fetches what: at most one fetch per key, whatever the number of clients and threads. Any thread.
class FetchLock {
 public:
  struct Joined {
    FetchRef fetch;
    bool leads = false;  ///< this caller fetches, and must end the fetch by complete() or end(), then close()
  };
  /// Joins the fetch under way for `key`, or begins one.
  Joined join(std::string_view key);
  /// The fetch takes no newcomers any more: it has ended, or the cache will not keep it. Before its end is published,
  /// so that whoever is told to compete again finds the key free.
  void close(std::string_view key, const Fetch& fetch);
  size_t size() const;

 private:
  static constexpr size_t kShards = 16;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, FetchRef, Hash, std::equal_to<>> running;
  };
  Shard& shard_of(std::string_view key);
  std::array<Shard, kShards> shards_;
};

}  // namespace roost::proxy
