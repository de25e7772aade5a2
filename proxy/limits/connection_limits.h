#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "common/base/mutex.h"
#include "common/http/server.h"
#include "common/net/network_set.h"
#include "proxy/limits/address_key.h"

namespace roost::proxy {

/// How many client connections are open, in all and per client address (address_key), against their limits. Counts the
/// connections of all loops. An address has an entry only while it has a connection, so the table is as bounded as
/// they are. Any thread.
class ConnectionLimits final : public http::ConnectionGate {
 public:
  /// `per_address`: most connections of one address; 0 for no limit. `exempt`: networks that are not limited per
  /// address, such as proxies that connect for many clients.
  ConnectionLimits(uint64_t per_address, net::NetworkSet exempt);

  /// Most connections in all, from now on; 0 for no limit.
  void set_total(uint64_t total) { total_ = total; }
  uint64_t total() const { return total_; }
  uint64_t open() const { return open_; }
  bool is_full() const { return total_ > 0 && open_ >= total_; }

  Verdict admit(const net::Address& client) override;
  void on_closed(const net::Address& client) override;
  void ask_for_room() override;

  /// One that can close an idle connection of its loop.
  class RoomMaker {
   public:
    /// Closes the longest idle connection soon. Any thread; called under a lock, must not wait.
    virtual void make_room() = 0;

   protected:
    ~RoomMaker() = default;
  };
  /// ask_for_room() asks every room maker. Once remove() has returned it is not called any more.
  void add(RoomMaker& maker);
  void remove(RoomMaker& maker);

 private:
  static constexpr size_t kShards = 16;
  struct Shard {
    Mutex mutex;
    std::unordered_map<uint64_t, uint64_t> counts ROOST_GUARDED_BY(mutex);
  };
  bool is_counted(const net::Address& client) const { return per_address_ > 0 && !exempt_.contains(client); }
  Shard& shard_of(uint64_t key) { return shards_[(key * 0x9e3779b97f4a7c15U) >> 60]; }
  bool enter(uint64_t key);
  void leave(uint64_t key);

  const uint64_t per_address_;
  const net::NetworkSet exempt_;
  std::atomic<uint64_t> total_{0};
  std::atomic<uint64_t> open_{0};
  std::array<Shard, kShards> shards_;
  Mutex makers_mutex_;
  std::vector<RoomMaker*> makers_ ROOST_GUARDED_BY(makers_mutex_);
};

}  // namespace roost::proxy
