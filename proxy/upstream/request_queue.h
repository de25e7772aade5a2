#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/intrusive_list.h"
#include "common/base/mutex.h"
#include "common/net/event_loop.h"

namespace roost::proxy {

class RequestQueue;

/// How many requests the backends of a pool may have, and how many more may wait.
struct QueueLimits {
  uint32_t max_active = 0;      ///< under way at each backend, of all threads; 0: no bound, and no queue
  size_t most_waiting = 1'000;  ///< of the pool
  int64_t wait_ms = 5'000;      ///< each
};

/// A request that waits in a RequestQueue. Belongs to one loop, which outlives it. Leaves the queue before it ends.
class QueueTicket : public ListLink<RequestQueue> {
 public:
  QueueTicket() = default;
  QueueTicket(const QueueTicket&) = delete;
  QueueTicket& operator=(const QueueTicket&) = delete;
  /// Its turn: it is in the queue no more. On its loop, from no call of the queue. May destroy this ticket and others.
  virtual void on_turn() = 0;

 protected:
  virtual ~QueueTicket() = default;

 private:
  friend class RequestQueue;
  enum class Place : uint8_t { none, waiting, in_front, called };
  net::EventLoop* loop_ = nullptr;
  Place place_ = Place::none;
  uint8_t lane_ = 0;
};

/// The requests of one pool that wait because each of its backends has as many as it may have. Clients take turns,
/// whatever the thread, and a client's requests come in their order (stochastic fairness queueing, McKenney 1990: each
/// client has one of kLanes lanes, a few may share one). It does not know the backends: whoever gives one back calls
/// wake_next(), and whose turn it is chooses, and enters again, in front, where another was faster.
///
/// Bounds and deadlines: the queue holds `most` tickets, those of a lane at most kShare times as many as there is room
/// left for, so that one client never fills it; a ticket that has waited too long leaves. Any thread.
class RequestQueue : public std::enable_shared_from_this<RequestQueue> {
 public:
  explicit RequestQueue(size_t most);
  ~RequestQueue();
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  static constexpr int kLanes = 64;
  static constexpr size_t kShare = 4;

  /// False when it is full. After it, look whether there is room after all: what was given back meanwhile woke nobody.
  /// `client`: equal for the requests of one client.
  bool enter(QueueTicket& ticket, net::EventLoop& loop, uint64_t client);
  /// Before all others, for one whose turn it was. It is always taken: it has been counted before.
  void enter_in_front(QueueTicket& ticket, net::EventLoop& loop);
  /// No turn comes any more. No effect when it is not in the queue. On the ticket's loop.
  void leave(QueueTicket& ticket);
  /// Something was given back: the first has its turn, at a later turn of its loop.
  void wake_next();
  /// Waiting, or about to have their turn.
  size_t size() const { return count_.load(std::memory_order_seq_cst); }

 private:
  using Tickets = IntrusiveList<QueueTicket, RequestQueue>;
  struct Group;  // those of one loop who have been called
  struct Lane {
    Tickets tickets;
    size_t count = 0;
  };
  static size_t lane_of(uint64_t client) { return (client * 0x9e3779b97f4a7c15U) >> 58; }
  void add(QueueTicket& ticket, net::EventLoop& loop) ROOST_REQUIRES(mutex_);
  QueueTicket* take_next() ROOST_REQUIRES(mutex_);
  void take_from_lane(QueueTicket& ticket) ROOST_REQUIRES(mutex_);
  Group& group_of(net::EventLoop& loop) ROOST_REQUIRES(mutex_);
  void deliver(Group& group);

  const size_t most_;
  std::atomic<size_t> count_{0};
  Mutex mutex_;
  Tickets front_ ROOST_GUARDED_BY(mutex_);
  std::array<Lane, kLanes> lanes_ ROOST_GUARDED_BY(mutex_);
  uint64_t occupied_ ROOST_GUARDED_BY(mutex_) = 0;  // a bit for each lane that has tickets
  int next_lane_ ROOST_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Group>> groups_ ROOST_GUARDED_BY(mutex_);  // at most one per loop; stays until the end
};

}  // namespace roost::proxy
