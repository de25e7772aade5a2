#include "proxy/cache/fetch.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace roost::proxy {

void Fetch::publish_head(FetchedHead head) {
  const std::lock_guard lock(mutex_);
  ROOST_CHECK(state_ == FetchState::head_awaited);
  head_ = std::move(head);
  state_ = FetchState::streaming;
  wake_all();
}

void Fetch::append(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  ROOST_CHECK(state_ == FetchState::streaming);
  // A block's bytes beyond what has been published are the leader's alone, so filling it up races with nobody; the size
  // that readers go by is size_, under the mutex.
  while (!bytes.empty()) {
    if (blocks_.empty() || size_ % kBlockBytes == 0) {
      const uint64_t expected = head_.length_known && head_.length > size_ ? head_.length - size_ : bytes.size();
      const bool small = size_ == 0 && head_.length_known && expected < kBlockBytes;
      blocks_.push_back(BlockRef::make(small ? static_cast<uint32_t>(std::max<uint64_t>(
                                                   expected, bytes.size() < kBlockBytes ? bytes.size() : kBlockBytes))
                                             : kBlockBytes));
    }
    Block& last = *blocks_.back();
    const size_t fits = std::min<size_t>(bytes.size(), last.capacity() - last.size());
    ROOST_CHECK(fits > 0);
    std::memcpy(last.data() + last.size(), bytes.data(), fits);
    last.set_size(last.size() + static_cast<uint32_t>(fits));
    size_ += fits;
    bytes.remove_prefix(fits);
  }
  wake_all();
}

std::vector<BlockRef> Fetch::complete() {
  const std::lock_guard lock(mutex_);
  ROOST_CHECK(state_ == FetchState::streaming);
  state_ = FetchState::complete;
  wake_all();
  return first_offset_ == 0 && !dropping_ ? blocks_ : std::vector<BlockRef>();
}

void Fetch::end(FetchState how, int status) {
  const std::lock_guard lock(mutex_);
  state_ = how;
  failed_status_ = status;
  wake_all();
}

bool Fetch::has_waiters() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(groups_.begin(), groups_.end(),
                     [](const auto& group) { return !group->waiting.empty() || !group->due.empty(); });
}

uint64_t Fetch::bytes() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

void Fetch::wait(FetchWaiter& waiter, net::EventLoop& loop) {
  const std::lock_guard lock(mutex_);
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
  const std::lock_guard lock(mutex_);
  waiter.unlink();
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

// On the group's loop. A waiter is taken off `due` before it is called, since it may leave, or destroy others that are
// due.
void Fetch::deliver(Group& group) {
  std::unique_lock lock(mutex_);
  group.posted = false;
  IntrusiveList<FetchWaiter, Fetch> round;
  round.splice_back(group.due);
  while (FetchWaiter* waiter = round.pop_front()) {
    group.waiting.push_back(*waiter);
    lock.unlock();
    waiter->on_fetch_progress();
    lock.lock();
  }
}

Fetch::Reading Fetch::read(Cursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces) {
  const std::lock_guard lock(mutex_);
  Reading reading;
  reading.state = state_;
  reading.failed_status = failed_status_;
  if (head_.status != 0) reading.head = &head_;
  if (cursor.offset < first_offset_) {
    reading.lagging = true;
    return reading;
  }
  for (size_t count = 0; count < max_pieces && cursor.offset < size_; ++count) {
    const uint64_t index = (cursor.offset - first_offset_) / kBlockBytes;
    const uint64_t within = (cursor.offset - first_offset_) % kBlockBytes;
    const BlockRef& block = blocks_[index];
    const uint64_t end = std::min<uint64_t>(size_, first_offset_ + index * kBlockBytes + block->capacity());
    const auto count_bytes = static_cast<size_t>(end - cursor.offset);
    // A whole block is shared; part of one is copied, so that every piece is a block of its own for the reader.
    pieces.push_back(within == 0 && (count_bytes == block->capacity() || state_ == FetchState::complete)
                         ? block
                         : BlockRef::copy_of({block->data() + within, count_bytes}));
    cursor.offset += count_bytes;
  }
  return reading;
}

void Fetch::drop_read_blocks() {
  const std::lock_guard lock(mutex_);
  dropping_ = true;
  // Readers take what is there at each wake-up; what is more than this far back is for nobody but one who does not
  // read.
  constexpr uint64_t kKeptBytes = 64 * kBlockBytes;
  while (!blocks_.empty() && size_ - first_offset_ > kKeptBytes) {
    blocks_.erase(blocks_.begin());
    first_offset_ += kBlockBytes;
  }
}

}  // namespace roost::proxy
