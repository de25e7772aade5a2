#include "common/cache/s3_fifo.h"

namespace roost::cache {

// Front is oldest in both queues. Invariants: an entry is in the queue its queue_ says, small_bytes_ and main_bytes_
// are the sums of their charges.

S3Fifo::S3Fifo(uint64_t limit_bytes)
    : small_target_bytes_(limit_bytes / 100 * kSmallPercent), ghost_(limit_bytes - small_target_bytes_) {}

void S3Fifo::insert(Entry& entry) {
  insert(entry, {ghost_.take(entry.hash()) ? Entry::Queue::main : Entry::Queue::small, 0});
}

void S3Fifo::insert(Entry& entry, Standing standing) {
  ++entries_;
  entry.hits_ = standing.hits;
  append(entry, standing.queue);
}

void S3Fifo::remove(Entry& entry) {
  const Standing standing = release(entry);
  if (standing.queue == Entry::Queue::main || standing.hits >= kPromotionHits) remember(entry);
}

S3Fifo::Standing S3Fifo::release(Entry& entry) {
  const Standing standing{entry.queue_, entry.hits_};
  --entries_;
  unlink(entry);
  return standing;
}

Entry* S3Fifo::evict() {
  while (entries_ != 0) {
    const bool from_small = !small_.empty() && (small_bytes_ >= small_target_bytes_ || main_.empty());
    Entry& oldest = from_small ? *small_.front() : *main_.front();
    const bool stays = from_small ? oldest.hits_ >= kPromotionHits : oldest.hits_ > 0;
    if (!stays) {
      release(oldest);
      if (from_small) remember(oldest);
      return &oldest;
    }
    unlink(oldest);
    oldest.hits_ = from_small ? uint8_t{0} : static_cast<uint8_t>(oldest.hits_ - 1);
    append(oldest, Entry::Queue::main);
  }
  return nullptr;
}

void S3Fifo::append(Entry& entry, Entry::Queue queue) {
  const bool to_main = queue == Entry::Queue::main;
  entry.queue_ = queue;
  (to_main ? main_ : small_).push_back(entry);
  (to_main ? main_bytes_ : small_bytes_) += entry.charge();
}

void S3Fifo::unlink(Entry& entry) {
  ROOST_CHECK(entry.queue_ != Entry::Queue::none);
  (entry.queue_ == Entry::Queue::main ? main_bytes_ : small_bytes_) -= entry.charge();
  entry.unlink();
  entry.queue_ = Entry::Queue::none;
}

// As many hashes as there are entries, the leaving one included.
void S3Fifo::remember(const Entry& entry) {
  ghost_.reserve(entries_ + 1);
  ghost_.insert(entry.hash(), entry.charge());
}

}  // namespace roost::cache
