#include "proxy/cache/fetch.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "proxy/cache/tags.h"

namespace roost::proxy {

struct Fetch::Group {
  net::EventLoop* loop = nullptr;
  IntrusiveList<FetchWaiter, Fetch> waiting;
  IntrusiveList<FetchWaiter, Fetch> due;
  bool posted = false;
};

Fetch::Fetch(int64_t begun_us, BlockAccount* account) : begun_us_(begun_us), account_(account) {}
Fetch::~Fetch() = default;

void Fetch::lead(FetchLeader& leader, net::EventLoop& loop) {
  leader_ = &leader;
  const MutexLock lock(mutex_);
  leader_loop_ = &loop;
}

void Fetch::publish_head(FetchedHead head) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(state_ == FetchState::head_awaited);
  head_ = std::move(head);
  state_ = FetchState::streaming;
  wake_all();
}

void Fetch::append(std::string_view bytes) {
  const MutexLock lock(mutex_);
  add_bytes(bytes);
  if (!keeping_) drop_taken();
  wake_all();
}

// A block that is not full may not be shared: it is the other fetch's to fill, or no longer anybody's.
void Fetch::append_stored(const Slice& piece) {
  const MutexLock lock(mutex_);
  const bool at_border = size_ - first_offset_ == blocks_.size() * uint64_t{kBlockBytes};
  if (piece.owner != nullptr && piece.size == kBlockBytes && piece.data == piece.owner->data() && at_border) {
    ROOST_CHECK(state_ == FetchState::streaming);
    blocks_.push_back(BlockRef::share(piece.owner));
    size_ += piece.size;
  } else {
    add_bytes(piece.view());
  }
  wake_all();
}

// Only the leader touches the bytes of a block beyond size_, so filling a block does not race with readers, who go by
// size_ under the mutex. Where the length is known the last block is no larger than what it will hold, since it is what
// the cache keeps.
void Fetch::add_bytes(std::string_view bytes) {
  ROOST_CHECK(state_ == FetchState::streaming);
  while (!bytes.empty()) {
    if (size_ - first_offset_ == blocks_.size() * uint64_t{kBlockBytes}) {
      uint64_t expected = kBlockBytes;
      if (head_->length_known)
        expected = std::max<uint64_t>(head_->length - std::min(head_->length, size_), bytes.size());
      blocks_.push_back(BlockRef::make(static_cast<uint32_t>(std::min<uint64_t>(expected, kBlockBytes)), account_));
    }
    Block& last = *blocks_.back();
    const size_t fits = std::min<size_t>(bytes.size(), last.capacity() - last.size());
    ROOST_CHECK(fits > 0);  // more than the announced length
    std::memcpy(last.data() + last.size(), bytes.data(), fits);
    last.set_size(last.size() + static_cast<uint32_t>(fits));
    size_ += fits;
    bytes.remove_prefix(fits);
  }
}

std::vector<BlockRef> Fetch::complete() {
  leader_ = nullptr;
  const MutexLock lock(mutex_);
  ROOST_CHECK(state_ == FetchState::streaming);
  finish(FetchState::complete);
  return keeping_ ? blocks_ : std::vector<BlockRef>();
}

void Fetch::end(FetchState how, int status) {
  ROOST_CHECK(how > FetchState::complete);
  leader_ = nullptr;
  const MutexLock lock(mutex_);
  if (state_ >= FetchState::complete) return;
  failed_status_ = status;
  finish(how);
}

void Fetch::finish(FetchState how) {
  state_ = how;
  leader_loop_ = nullptr;
  room_wanted_ = 0;
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
  const EssentialMemory essential;
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

// ---- reading --------------------------------------------------------------------------------------------------------

Fetch::Reading Fetch::reading() const {
  Reading now;
  now.state = state_;
  now.failed_status = failed_status_;
  now.head = head_ ? &*head_ : nullptr;
  if (!keeping_) {
    now.access = Access::closed;
  } else if (state_ == FetchState::complete || (head_ && head_->length_known)) {
    now.access = Access::open;
  }
  return now;
}

Fetch::Reading Fetch::look() const {
  const MutexLock lock(mutex_);
  return reading();
}

bool Fetch::begin_reading(FetchCursor& cursor) {
  ROOST_CHECK(!cursor.reads_);
  const MutexLock lock(mutex_);
  cursor.offset_ = 0;
  if (!keeping_) return false;
  cursor.reads_ = FetchRef::share(this);
  cursors_.push_back(cursor);
  return true;
}

Fetch::Reading Fetch::read(FetchCursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(cursor.reads_.get() == this);
  for (size_t count = 0; count < max_pieces && cursor.offset_ < size_; ++count) {
    pieces.push_back(piece_at(cursor.offset_, cursor.offset_));
  }
  if (!keeping_) drop_taken();
  return reading();
}

void Fetch::skip(FetchCursor& cursor, uint64_t bytes) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(cursor.reads_.get() == this && bytes <= size_ - cursor.offset_);
  cursor.offset_ += bytes;
  if (!keeping_) drop_taken();
}

void Fetch::end_reading(FetchCursor& cursor) {
  if (cursor.reads_.get() != this) return;
  const FetchRef alive = std::move(cursor.reads_);  // outlives the lock
  const MutexLock lock(mutex_);
  cursor.unlink();
  if (!keeping_) drop_taken();
}

// A full block is shared. Of the block that is being filled, or from the middle of a block, the bytes are copied, so
// that the size of a piece does not change under its reader.
BlockRef Fetch::piece_at(uint64_t offset, uint64_t& end) const {
  const BlockRef& block = blocks_[(offset - first_offset_) / kBlockBytes];
  const uint64_t within = (offset - first_offset_) % kBlockBytes;
  const bool settled = block->size() == block->capacity() || state_ == FetchState::complete;
  end = offset - within + block->size();
  if (within == 0 && settled) return block;
  return BlockRef::copy_of(block->view().substr(within), account_);
}

// ---- a body that is not kept ----------------------------------------------------------------------------------------

void Fetch::stop_keeping() {
  const MutexLock lock(mutex_);
  keeping_ = false;
  drop_taken();
  wake_all();
}

bool Fetch::has_room(uint64_t window_bytes) {
  const MutexLock lock(mutex_);
  ROOST_CHECK(!keeping_);
  if (size_ - slowest() < window_bytes) return true;
  room_wanted_ = window_bytes / 2;
  return false;
}

// Where nobody reads, all of it has been taken.
uint64_t Fetch::slowest() const {
  uint64_t offset = size_;
  for (const FetchCursor* cursor = cursors_.front(); cursor != nullptr; cursor = cursors_.next(*cursor)) {
    offset = std::min(offset, cursor->offset_);
  }
  return offset;
}

// Drops the full blocks that every reader has, and tells a leader that waits for it.
void Fetch::drop_taken() {
  const uint64_t needed = slowest();
  const auto count = static_cast<std::ptrdiff_t>((needed - first_offset_) / kBlockBytes);
  first_offset_ += static_cast<uint64_t>(count) * kBlockBytes;
  blocks_.erase(blocks_.begin(), blocks_.begin() + count);
  if (room_wanted_ == 0 || leader_loop_ == nullptr || size_ - needed > room_wanted_) return;
  room_wanted_ = 0;
  const EssentialMemory essential;
  leader_loop_->post([self = FetchRef::share(this)] {
    if (self->leader_ != nullptr) self->leader_->on_fetch_room();
  });
}

}  // namespace roost::proxy
