#include "proxy/cache/fetch.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "proxy/cache/tags.h"

namespace roost::proxy {

struct Fetch::Group {
  net::EventLoop* loop = nullptr;
  IntrusiveList<FetchWaiter, Fetch> waiting;
  IntrusiveList<FetchWaiter, Fetch> due;
  bool posted = false;
};

Fetch::Fetch(int64_t begun_us) : begun_us_(begun_us) {}
Fetch::~Fetch() = default;

void Fetch::publish_head(FetchedHead head) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(state_ == FetchState::head_awaited);
  head_ = std::move(head);
  state_ = FetchState::streaming;
  wake_all();
}

// Only the leader touches the bytes of a block beyond size_, so filling a block does not race with readers, who go by
// size_ under the mutex.
void Fetch::append(std::string_view bytes) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(state_ == FetchState::streaming);
  while (!bytes.empty()) {
    if (size_ - first_offset_ == blocks_.size() * uint64_t{kBlockBytes}) add_block(bytes.size());
    Block& last = *blocks_.back();
    const size_t fits = std::min<size_t>(bytes.size(), last.capacity() - last.size());
    ROOST_CHECK(fits > 0);  // more than the announced length
    std::memcpy(last.data() + last.size(), bytes.data(), fits);
    last.set_size(last.size() + static_cast<uint32_t>(fits));
    size_ += fits;
    bytes.remove_prefix(fits);
  }
  if (dropping_) trim();
  wake_all();
}

// Where the length is known the last block is no larger than what it will hold, since it is what the cache keeps.
void Fetch::add_block(size_t arriving) {
  uint64_t expected = kBlockBytes;
  if (head_->length_known) expected = std::max<uint64_t>(head_->length > size_ ? head_->length - size_ : 0, arriving);
  blocks_.push_back(BlockRef::make(static_cast<uint32_t>(std::min<uint64_t>(expected, kBlockBytes))));
}

std::vector<BlockRef> Fetch::complete() {
  const MutexLock lock(mutex_);
  ROOST_CHECK(state_ == FetchState::streaming);
  finish(FetchState::complete);
  return first_offset_ == 0 && !dropping_ ? blocks_ : std::vector<BlockRef>();
}

void Fetch::end(FetchState how, int status) {
  ROOST_CHECK(how > FetchState::complete);
  const MutexLock lock(mutex_);
  if (state_ >= FetchState::complete) return;
  failed_status_ = status;
  finish(how);
}

void Fetch::finish(FetchState how) {
  state_ = how;
  wake_all();
}

bool Fetch::has_waiters() const {
  const MutexLock lock(mutex_);
  return waiter_count_ > 0;
}

bool Fetch::may_have_tag(std::string_view tag) const {
  const MutexLock lock(mutex_);
  return !head_ || has_tag(head_->tags, tag);
}

uint64_t Fetch::bytes() const {
  const MutexLock lock(mutex_);
  return size_;
}

void Fetch::wait(FetchWaiter& waiter, net::EventLoop& loop) {
  ROOST_CHECK(!waiter.waits_for_);
  waiter.waits_for_ = FetchRef::share(this);
  const MutexLock lock(mutex_);
  ++waiter_count_;
  auto group =
      std::find_if(groups_.begin(), groups_.end(), [&](const auto& candidate) { return candidate->loop == &loop; });
  if (group == groups_.end()) {
    groups_.push_back(std::make_unique<Group>());
    group = groups_.end() - 1;
    (*group)->loop = &loop;
  }
  (*group)->waiting.push_back(waiter);
  if (state_ != FetchState::head_awaited) wake_all();
}

void Fetch::leave(FetchWaiter& waiter) {
  if (waiter.waits_for_.get() != this) return;
  const FetchRef alive = std::move(waiter.waits_for_);  // outlives the lock
  const MutexLock lock(mutex_);
  waiter.unlink();
  --waiter_count_;
}

void Fetch::wake_all() {
  for (const auto& group : groups_) {
    if (group->waiting.empty()) continue;
    group->due.splice_back(group->waiting);
    if (group->posted) continue;
    group->posted = true;
    group->loop->post([self = FetchRef::share(this), target = group.get()] { self->deliver(*target); });
  }
}

// On the group's loop. A waiter is taken off its list before it is called, since it may leave, or destroy others that
// are due. Changes in the meantime put waiters on `due` again, for the next round.
void Fetch::deliver(Group& group) {
  mutex_.lock();
  group.posted = false;
  IntrusiveList<FetchWaiter, Fetch> round;
  round.splice_back(group.due);
  while (FetchWaiter* waiter = round.pop_front()) {
    group.waiting.push_back(*waiter);
    mutex_.unlock();
    waiter->on_fetch_progress();
    mutex_.lock();
  }
  mutex_.unlock();
}

Fetch::Reading Fetch::read(Cursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces) {
  const MutexLock lock(mutex_);
  Reading reading;
  reading.state = state_;
  reading.failed_status = failed_status_;
  reading.head = head_ ? &*head_ : nullptr;
  if (cursor.offset < first_offset_) {
    reading.lagging = true;
    return reading;
  }
  for (size_t count = 0; count < max_pieces && cursor.offset < size_; ++count) {
    pieces.push_back(piece_at(cursor.offset, cursor.offset));
  }
  return reading;
}

// A full block is shared. Of the block that is being filled, or from the middle of a block, the bytes are copied, so
// that the size of a piece does not change under its reader.
BlockRef Fetch::piece_at(uint64_t offset, uint64_t& end) const {
  const BlockRef& block = blocks_[(offset - first_offset_) / kBlockBytes];
  const uint64_t within = (offset - first_offset_) % kBlockBytes;
  const bool settled = block->size() == block->capacity() || state_ == FetchState::complete;
  end = offset - within + block->size();
  if (within == 0 && settled) return block;
  return BlockRef::copy_of(block->view().substr(within));
}

void Fetch::drop_read_blocks() {
  const MutexLock lock(mutex_);
  dropping_ = true;
  trim();
}

// Only full blocks that full blocks follow are dropped, so the one being filled stays.
void Fetch::trim() {
  size_t count = 0;
  while (size_ - first_offset_ >= kMaxLagBytes + kBlockBytes) {
    first_offset_ += kBlockBytes;
    ++count;
  }
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace roost::proxy
