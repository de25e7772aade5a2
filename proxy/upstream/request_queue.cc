#include "proxy/upstream/request_queue.h"

#include <bit>
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

bool RequestQueue::enter(QueueTicket& ticket, net::EventLoop& loop, uint64_t client) {
  const MutexLock lock(mutex_);
  const size_t lane = lane_of(client);
  Lane& own = lanes_[lane];
  const size_t count = count_.load(std::memory_order_relaxed);
  if (count >= most_ || own.count >= kShare * (most_ - count)) return false;
  add(ticket, loop);
  ticket.place_ = QueueTicket::Place::waiting;
  ticket.lane_ = static_cast<uint8_t>(lane);
  own.tickets.push_back(ticket);
  ++own.count;
  occupied_ |= uint64_t{1} << lane;
  return true;
}

void RequestQueue::enter_in_front(QueueTicket& ticket, net::EventLoop& loop) {
  const MutexLock lock(mutex_);
  add(ticket, loop);
  ticket.place_ = QueueTicket::Place::in_front;
  front_.push_front(ticket);
}

void RequestQueue::add(QueueTicket& ticket, net::EventLoop& loop) {
  ROOST_CHECK(ticket.place_ == QueueTicket::Place::none);
  ticket.loop_ = &loop;
  count_.fetch_add(1, std::memory_order_seq_cst);
}

void RequestQueue::take_from_lane(QueueTicket& ticket) {
  Lane& lane = lanes_[ticket.lane_];
  ticket.unlink();
  if (--lane.count == 0) occupied_ &= ~(uint64_t{1} << ticket.lane_);
}

// The lanes have their turns in their order, again and again.
QueueTicket* RequestQueue::take_next() {
  if (QueueTicket* first = front_.pop_front()) return first;
  if (occupied_ == 0) return nullptr;
  const int lane = (next_lane_ + std::countr_zero(std::rotr(occupied_, next_lane_))) % kLanes;
  next_lane_ = (lane + 1) % kLanes;
  QueueTicket* ticket = lanes_[static_cast<size_t>(lane)].tickets.front();
  take_from_lane(*ticket);
  return ticket;
}

void RequestQueue::leave(QueueTicket& ticket) {
  if (size() == 0) return;
  bool called = false;
  {
    const MutexLock lock(mutex_);
    const auto place = std::exchange(ticket.place_, QueueTicket::Place::none);
    if (place == QueueTicket::Place::none) return;
    place == QueueTicket::Place::waiting ? take_from_lane(ticket) : ticket.unlink();
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
  QueueTicket* ticket = take_next();
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
