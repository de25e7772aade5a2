#include "proxy/upstream/request_queue.h"

#include <utility>

#include "common/base/check.h"
#include "common/base/memory_scope.h"

namespace roost::proxy {

struct RequestQueue::Group {
  net::EventLoop* loop = nullptr;
  Tickets called;
  bool posted = false;
};

RequestQueue::RequestQueue(size_t most) : most_(most) {}
RequestQueue::~RequestQueue() = default;

bool RequestQueue::enter(QueueTicket& ticket, net::EventLoop& loop, Side side) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(ticket.place_ == QueueTicket::Place::none);
  if (side == Side::back && count_.load(std::memory_order_relaxed) >= most_) return false;
  ticket.loop_ = &loop;
  ticket.place_ = QueueTicket::Place::waiting;
  side == Side::back ? waiting_.push_back(ticket) : waiting_.push_front(ticket);
  count_.fetch_add(1, std::memory_order_seq_cst);
  return true;
}

void RequestQueue::leave(QueueTicket& ticket) {
  if (size() == 0) return;
  bool called = false;
  {
    const MutexLock lock(mutex_);
    const auto place = std::exchange(ticket.place_, QueueTicket::Place::none);
    if (place == QueueTicket::Place::none) return;
    ticket.unlink();
    count_.fetch_sub(1, std::memory_order_seq_cst);
    called = place == QueueTicket::Place::called;
  }
  if (called) wake_next();  // its turn is the next one's
}

RequestQueue::Group& RequestQueue::group_of(net::EventLoop& loop) {
  for (const auto& group : groups_) {
    if (group->loop == &loop) return *group;
  }
  groups_.push_back(std::make_unique<Group>());
  groups_.back()->loop = &loop;
  return *groups_.back();
}

void RequestQueue::wake_next() {
  if (size() == 0) return;
  const EssentialMemory essential;
  const MutexLock lock(mutex_);
  QueueTicket* ticket = waiting_.pop_front();
  if (ticket == nullptr) return;
  ticket->place_ = QueueTicket::Place::called;
  Group& group = group_of(*ticket->loop_);
  group.called.push_back(*ticket);
  if (group.posted) return;
  group.posted = true;
  group.loop->post([self = shared_from_this(), target = &group] { self->deliver(*target); });
}

// On the group's loop. Tickets leave the list one by one, since each may destroy others.
void RequestQueue::deliver(Group& group) {
  mutex_.lock();
  group.posted = false;
  Tickets round;
  round.splice_back(group.called);
  while (QueueTicket* ticket = round.pop_front()) {
    ticket->place_ = QueueTicket::Place::none;
    count_.fetch_sub(1, std::memory_order_seq_cst);
    mutex_.unlock();
    ticket->on_turn();
    mutex_.lock();
  }
  mutex_.unlock();
}

}  // namespace roost::proxy
