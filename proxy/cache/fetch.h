#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/block.h"
#include "common/base/intrusive_list.h"
#include "common/base/mutex.h"
#include "common/base/ref.h"
#include "common/net/event_loop.h"
#include "proxy/cache/stored_head.h"

namespace roost::proxy {

class FetchWaiter;

/// How far a fetch has come. Every state after `streaming` is an end, and final.
enum class FetchState : uint8_t {
  head_awaited,
  streaming,    ///< head known, body coming
  complete,     ///< the whole body is here
  uncacheable,  ///< no response for the waiters: each asks the backend by itself
  abandoned,    ///< its leader gave up: join again
  failed,       ///< no response: `failed_status` for all
  truncated,    ///< the body ended too early
};

/// The head of a fetched response, for all waiters.
struct FetchedHead : StoredHead {
  /// What append_variant() writes for `vary` and the leader's request. A waiter whose own request gives another text
  /// must not use this response (RFC 9111 §4.1): it leaves and joins under its own variant's key.
  std::string variant;
  bool length_known = false;
  uint64_t length = 0;
};

/// A response being fetched, shared by any number of clients on any thread. The leader (CacheFetch) publishes head and
/// body pieces; every waiter reads them at its own speed from the blocks, which the cache then stores. A slow reader
/// does not delay others.
///
/// Memory: a fetch holds its whole body. One that outgrows the cache is closed to new waiters (FetchLock::close) and
/// told to drop_read_blocks(): from then on it keeps the last kMaxLagBytes, and a reader further behind is cut off.
///
/// Thread: the leader's methods on the leader's loop, a waiter's on the waiter's loop; the shared state is guarded by
/// one mutex, which is never held during a callback.
class Fetch : public RefCounted {
 public:
  static constexpr uint32_t kBlockBytes = 16 * 1024;
  static constexpr uint64_t kMaxLagBytes = 64 * kBlockBytes;

  /// A reader's position.
  struct Cursor {
    uint64_t offset = 0;
  };
  /// Result of read(). `head` is set from `streaming` on and valid as long as the fetch.
  struct Reading {
    FetchState state = FetchState::head_awaited;
    const FetchedHead* head = nullptr;
    int failed_status = 0;
    bool lagging = false;  ///< the bytes at the cursor were dropped: give up
  };

  // ---- for the leader ----

  void publish_head(FetchedHead head);
  /// Copies the bytes, once for all readers. Not more than the head's length, if that is known.
  void append(std::string_view bytes);
  /// The body is whole. Returns its blocks, for the cache; empty when some were dropped.
  std::vector<BlockRef> complete();
  /// Ends as uncacheable, abandoned, failed or truncated. No effect after an end.
  void end(FetchState how, int status = 0);
  /// From now on old blocks are dropped: the response will not be stored.
  void drop_read_blocks();
  /// A purge applies to it: the response is for the waiters, and not to be stored.
  bool spoiled() const { return spoiled_.load(std::memory_order_acquire); }
  bool has_waiters() const;
  /// What was published. Without the mutex, since the leader itself published it.
  const FetchedHead& head() const ROOST_NO_THREAD_SAFETY_ANALYSIS { return *head_; }
  uint64_t bytes() const;

  // ---- for the lock, any thread ----

  int64_t begun_us() const { return begun_us_; }
  void spoil() { spoiled_.store(true, std::memory_order_release); }
  /// True if its response has the tag, or has no head yet.
  bool may_have_tag(std::string_view tag) const;

  // ---- for waiters ----

  /// A waiter waits for at most one fetch. Its first event comes at a later turn, even if the fetch has ended.
  void wait(FetchWaiter& waiter, net::EventLoop& loop);
  /// No event comes any more. No effect when it does not wait.
  void leave(FetchWaiter& waiter);
  /// Appends at most `max_pieces` references to the bytes from the cursor on, and moves the cursor. All has been read
  /// when the state is `complete` and fewer than `max_pieces` came.
  Reading read(Cursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces);

 private:
  friend class Ref<Fetch>;
  struct Group;  // the waiters of one loop
  explicit Fetch(int64_t begun_us = 0);
  ~Fetch();
  void add_block(size_t arriving) ROOST_REQUIRES(mutex_);
  void trim() ROOST_REQUIRES(mutex_);
  void finish(FetchState how) ROOST_REQUIRES(mutex_);
  void wake_all() ROOST_REQUIRES(mutex_);
  BlockRef piece_at(uint64_t offset, uint64_t& end) const ROOST_REQUIRES(mutex_);
  void deliver(Group& group);

  const int64_t begun_us_;
  std::atomic<bool> spoiled_{false};
  mutable Mutex mutex_;
  FetchState state_ ROOST_GUARDED_BY(mutex_) = FetchState::head_awaited;
  int failed_status_ ROOST_GUARDED_BY(mutex_) = 0;
  std::optional<FetchedHead> head_ ROOST_GUARDED_BY(mutex_);  // does not change once published
  std::vector<BlockRef> blocks_ ROOST_GUARDED_BY(mutex_);     // from first_offset_ on; kBlockBytes each but the last
  uint64_t first_offset_ ROOST_GUARDED_BY(mutex_) = 0;
  uint64_t size_ ROOST_GUARDED_BY(mutex_) = 0;
  bool dropping_ ROOST_GUARDED_BY(mutex_) = false;
  size_t waiter_count_ ROOST_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Group>> groups_ ROOST_GUARDED_BY(mutex_);  // at most one per loop; stays until the end
};

/// Keeps a fetch until its last reader and its last posted wake-up are done.
using FetchRef = Ref<Fetch>;

/// A client that waits for a fetch. Belongs to one loop, which outlives it.
class FetchWaiter : public ListLink<Fetch> {
 public:
  FetchWaiter() = default;
  FetchWaiter(const FetchWaiter&) = delete;
  FetchWaiter& operator=(const FetchWaiter&) = delete;
  /// The fetch has advanced: see Fetch::read(). On the waiter's loop, never from inside a call of the fetch; several
  /// changes may come as one event. May destroy this waiter, and others of the same loop.
  virtual void on_fetch_progress() = 0;

 protected:
  /// Ends the wait: other threads move waiters from list to list, so only the fetch may unlink one.
  virtual ~FetchWaiter() {
    if (waits_for_) FetchRef(waits_for_)->leave(*this);
  }

 private:
  friend class Fetch;
  FetchRef waits_for_;
};

}  // namespace roost::proxy
