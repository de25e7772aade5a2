#pragma once

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
  enum class Place : uint8_t { none, waiting, called };
  net::EventLoop* loop_ = nullptr;
  Place place_ = Place::none;
};

/// The requests of one pool that wait because each of its backends has as many as it may have: first come, first
/// served, whatever the thread. It does not know the backends: whoever gives one back calls wake_next(), and whose turn
/// it is chooses, and enters again, in front, where another was faster. Bounds and deadlines: the queue holds `most`
/// tickets; a ticket that has waited too long leaves. Any thread.
class RequestQueue : public std::enable_shared_from_this<RequestQueue> {
 public:
  explicit RequestQueue(size_t most);
  ~RequestQueue();
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  enum class Side : uint8_t { back, front };
  /// False when it is full. At the front a ticket is always taken: it has been counted before. Behind it, look whether
  /// there is room after all: what was given back meanwhile woke nobody.
  bool enter(QueueTicket& ticket, net::EventLoop& loop, Side side);
  /// No turn comes any more. No effect when it is not in the queue. On the ticket's loop.
  void leave(QueueTicket& ticket);
  /// Something was given back: the first has its turn, at a later turn of its loop.
  void wake_next();
  /// Waiting, or about to have their turn.
  size_t size() const { return count_.load(std::memory_order_seq_cst); }

 private:
  using Tickets = IntrusiveList<QueueTicket, RequestQueue>;
  struct Group;  // those of one loop who have been called
  Group& group_of(net::EventLoop& loop) ROOST_REQUIRES(mutex_);
  void deliver(Group& group);

  const size_t most_;
  std::atomic<size_t> count_{0};
  Mutex mutex_;
  Tickets waiting_ ROOST_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Group>> groups_ ROOST_GUARDED_BY(mutex_);  // at most one per loop; stays until the end
};

}  // namespace roost::proxy
