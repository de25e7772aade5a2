#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/block.h"
#include "common/base/intrusive_list.h"
#include "common/base/ref.h"
#include "common/net/event_loop.h"
#include "proxy/cache/stored_head.h"

namespace roost::proxy {

class FetchWaiter;

/// How far a fetch is. Everything behind `streaming` is an end, and the first end is the one that counts.
enum class FetchState : uint8_t {
  head_awaited,
  streaming,    ///< head known, body coming
  complete,     ///< all of it is here
  uncacheable,  ///< nothing for the waiters: each asks the backend by itself, at once
  abandoned,    ///< the one that fetched has gone without an answer: compete again
  failed,       ///< the backends gave no answer: `failed_status` for everybody
  truncated,    ///< broke off in the middle of the body
};

/// The head that all who wait are sent.
struct FetchedHead : StoredHead {
  /// What append_variant() writes for `vary` and the leader's request. A waiter whose own request gives another text
  /// may not have this answer (RFC 9111 §4.1): it leaves, and competes for the variant's key.
  std::string variant;
  bool length_known = false;
  uint64_t length = 0;
};

/// One fetch from a backend that any number of clients on any thread share. The one that fetches (the leader) publishes
/// head and body pieces; everybody reads them at their own speed from the blocks, which are then what the cache stores.
/// A slow reader holds back nobody.
///
/// Memory: a fetch holds its whole body. One that turns out to be larger than the cache takes is closed to newcomers
/// (FetchLock::close) and told to drop_read_blocks(): from then on it keeps the last kMaxLagBytes, and a reader that is
/// further behind is cut off.
///
/// Thread: the leader's calls on the leader's loop, a waiter's on the waiter's loop; what they share is under one
/// mutex, never held while anybody is called.
class Fetch : public RefCounted {
 public:
  static constexpr uint32_t kBlockBytes = 16 * 1024;
  static constexpr uint64_t kMaxLagBytes = 64 * kBlockBytes;

  /// Where a reader has come to.
  struct Cursor {
    uint64_t offset = 0;
  };
  /// What read() found. `head` is set from `streaming` on and stays valid as long as the fetch.
  struct Reading {
    FetchState state = FetchState::head_awaited;
    const FetchedHead* head = nullptr;
    int failed_status = 0;
    bool lagging = false;  ///< the bytes behind the cursor are gone: give up
  };

  // ---- for the leader ----

  void publish_head(FetchedHead head);
  /// Copies, once for everybody. Not more than the head's length, if it is known.
  void append(std::string_view bytes);
  /// The body is whole. The blocks, for the cache; empty when some are gone already.
  std::vector<BlockRef> complete();
  /// Ends without an answer for the waiters: uncacheable, abandoned, failed or truncated. Without effect behind an end.
  void end(FetchState how, int status = 0);
  /// From here on old blocks are dropped: the whole will not be stored.
  void drop_read_blocks();
  /// A purge has met it, or could not: its response is for those who wait, and not to be stored.
  bool spoiled() const { return spoiled_.load(std::memory_order_acquire); }
  bool has_waiters() const;
  /// What was published.
  const FetchedHead& head() const { return *head_; }
  uint64_t bytes() const;

  // ---- for the lock, any thread ----

  int64_t begun_us() const { return begun_us_; }
  void spoil() { spoiled_.store(true, std::memory_order_release); }
  /// Whether its head bears the tag; true as long as there is no head.
  bool may_have_tag(std::string_view tag) const;

  // ---- for those who wait ----

  /// At most one fetch at a time per waiter. Its first event comes at a later turn, even if all is there already.
  void wait(FetchWaiter& waiter, net::EventLoop& loop);
  /// No event comes any more. No matter whether it waits.
  void leave(FetchWaiter& waiter);
  /// Appends to `pieces` references to what lies behind the cursor, at most `max_pieces`, and moves the cursor. All has
  /// been read when the state is `complete` and fewer than `max_pieces` came.
  Reading read(Cursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces);

 private:
  friend class Ref<Fetch>;
  struct Group;  // those who wait on one loop
  explicit Fetch(int64_t begun_us = 0);
  ~Fetch();
  void add_block(size_t arriving);                          // mutex_ held
  void trim();                                              // mutex_ held
  void finish(FetchState how);                              // mutex_ held
  void wake_all();                                          // mutex_ held
  BlockRef piece_at(uint64_t offset, uint64_t& end) const;  // mutex_ held
  void deliver(Group& group);

  const int64_t begun_us_;
  std::atomic<bool> spoiled_{false};
  mutable std::mutex mutex_;  // guards what follows; head_ is immutable once published
  FetchState state_ = FetchState::head_awaited;
  int failed_status_ = 0;
  std::optional<FetchedHead> head_;
  std::vector<BlockRef> blocks_;  // from first_offset_ on; each of kBlockBytes but the last
  uint64_t first_offset_ = 0;
  uint64_t size_ = 0;
  bool dropping_ = false;
  size_t waiter_count_ = 0;
  std::vector<std::unique_ptr<Group>> groups_;  // at most one per loop; stays until the end
};

/// Keeps a fetch until its last reader and its last posted wake-up are done.
using FetchRef = Ref<Fetch>;

/// One client's wait for a fetch. Lives on its loop's thread, which must not end before it.
class FetchWaiter : public ListLink<Fetch> {
 public:
  FetchWaiter() = default;
  FetchWaiter(const FetchWaiter&) = delete;
  FetchWaiter& operator=(const FetchWaiter&) = delete;
  /// Something has changed: read with Fetch::read(). On the waiter's own loop, never from inside another call of the
  /// fetch; several changes may come as one. May destroy this waiter, and others of the same loop.
  virtual void on_fetch_progress() = 0;

 protected:
  /// Ends the wait. The list it stands in is the fetch's, and other threads move it: only the fetch may unlink it.
  virtual ~FetchWaiter() {
    if (waits_for_) FetchRef(waits_for_)->leave(*this);
  }

 private:
  friend class Fetch;
  FetchRef waits_for_;
};

}  // namespace roost::proxy
