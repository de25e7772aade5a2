#include "proxy/limits/connection_limits.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace roost::proxy {

ConnectionLimits::ConnectionLimits(uint64_t per_address, net::NetworkSet exempt)
    : per_address_(per_address), exempt_(std::move(exempt)) {}

http::ConnectionGate::Verdict ConnectionLimits::admit(const net::Address& client) {
  const bool counted = is_counted(client);
  if (counted && !enter(address_key(client))) return Verdict::address_full;
  const uint64_t most = total_;
  if (open_.fetch_add(1) < most || most == 0) return Verdict::admitted;
  --open_;
  if (counted) leave(address_key(client));
  return Verdict::full;
}

void ConnectionLimits::on_closed(const net::Address& client) {
  --open_;
  if (is_counted(client)) leave(address_key(client));
}

bool ConnectionLimits::enter(uint64_t key) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  uint64_t& count = shard.counts[key];  // never 0 when refused: per_address_ is at least 1
  if (count >= per_address_) return false;
  ++count;
  return true;
}

void ConnectionLimits::leave(uint64_t key) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  const auto entry = shard.counts.find(key);
  ROOST_CHECK(entry != shard.counts.end());
  if (--entry->second == 0) shard.counts.erase(entry);
}

void ConnectionLimits::ask_for_room() {
  const MutexLock lock(makers_mutex_);
  for (RoomMaker* maker : makers_) maker->make_room();
}

void ConnectionLimits::add(RoomMaker& maker) {
  const MutexLock lock(makers_mutex_);
  makers_.push_back(&maker);
}

void ConnectionLimits::remove(RoomMaker& maker) {
  const MutexLock lock(makers_mutex_);
  makers_.erase(std::remove(makers_.begin(), makers_.end(), &maker), makers_.end());
}

}  // namespace roost::proxy
