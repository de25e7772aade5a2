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

/// Who reads a fetch goes on where it left off, and gets no less than the whole: see Fetch.
class FetchCursor;

/// Whoever asks the backend for a shared response.
class FetchLeader {
 public:
  /// has_room() had said no: go on. On the leader's loop, at a later turn.
  virtual void on_fetch_room() = 0;

 protected:
  ~FetchLeader() = default;
};

/// A response being fetched, shared by any number of clients on any thread. The leader (CacheFetch) publishes head and
/// body pieces; every reader takes them at its own speed from the blocks, which the cache then stores.
///
/// Memory: as long as the body is kept (it may be stored), a fetch holds all of it, and no reader waits for another.
/// After stop_keeping() nobody may begin to read, and bytes that all readers have are dropped. No byte that a reader
/// still needs ever is: the leader pauses while the slowest reader is too far behind (has_room). So that this seldom
/// happens, a body of unknown length, which may outgrow the cache at any time, is read by its leader's client alone
/// until it is whole.
///
/// Thread: the leader's methods on the leader's loop, a waiter's on the waiter's loop; the shared state is guarded by
/// one mutex, which is never held during a callback.
class Fetch : public RefCounted {
 public:
  static constexpr uint32_t kBlockBytes = 16 * 1024;

  using Cursor = FetchCursor;
  /// Whether a waiter may begin to read the body.
  enum class Access : uint8_t {
    later,   ///< its length is unknown: wait until it is whole
    open,    ///< yes
    closed,  ///< it is too large to keep: ask for it alone
  };
  /// `head` is set from `streaming` on and valid as long as the fetch.
  struct Reading {
    FetchState state = FetchState::head_awaited;
    Access access = Access::later;
    const FetchedHead* head = nullptr;
    int failed_status = 0;
  };

  // ---- for the leader ----

  /// Before anything is published. `leader` is told until the end of the fetch.
  void lead(FetchLeader& leader, net::EventLoop& loop);
  void publish_head(FetchedHead head);
  /// Copies the bytes, once for all readers. Not more than the head's length, if that is known.
  void append(std::string_view bytes);
  /// The same for a piece of a stored body: a whole block is shared, not copied.
  void append_stored(const Slice& piece);
  /// The body is whole. Returns its blocks, for the cache; empty when some were dropped.
  std::vector<BlockRef> complete();
  /// Ends as uncacheable, abandoned, failed or truncated. No effect after an end.
  void end(FetchState how, int status = 0);
  /// From now on bytes that all readers have are dropped: the response will not be stored.
  void stop_keeping();
  /// After stop_keeping(): false when the slowest reader is `window_bytes` behind or more; on_fetch_room() follows once
  /// it is at most half as far behind, or has left.
  bool has_room(uint64_t window_bytes);
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

  // ---- for waiters and readers ----

  /// A waiter waits for at most one fetch. Its first event comes at a later turn, even if the fetch has ended.
  void wait(FetchWaiter& waiter, net::EventLoop& loop);
  /// No event comes any more. No effect when it does not wait.
  void leave(FetchWaiter& waiter);
  Reading look() const;
  /// A reader begins, at the first byte; the leader's client as well. False when Access is `closed`.
  bool begin_reading(FetchCursor& cursor);
  /// Appends at most `max_pieces` references to the bytes from the cursor on, and moves the cursor. All has been read
  /// when the state is `complete` and fewer than `max_pieces` came.
  Reading read(FetchCursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces);
  /// The reader has these bytes already.
  void skip(FetchCursor& cursor, uint64_t bytes);
  /// The reader needs no more. No effect when it does not read.
  void end_reading(FetchCursor& cursor);

 private:
  friend class Ref<Fetch>;
  struct Group;  // the waiters of one loop
  /// `account` counts the blocks, if it is given.
  explicit Fetch(int64_t begun_us = 0, BlockAccount* account = nullptr);
  ~Fetch();
  Reading reading() const ROOST_REQUIRES(mutex_);
  void add_bytes(std::string_view bytes) ROOST_REQUIRES(mutex_);
  uint64_t slowest() const ROOST_REQUIRES(mutex_);
  void drop_taken() ROOST_REQUIRES(mutex_);
  void finish(FetchState how) ROOST_REQUIRES(mutex_);
  void wake_all() ROOST_REQUIRES(mutex_);
  BlockRef piece_at(uint64_t offset, uint64_t& end) const ROOST_REQUIRES(mutex_);
  void deliver(Group& group);

  const int64_t begun_us_;
  BlockAccount* const account_;
  std::atomic<bool> spoiled_{false};
  FetchLeader* leader_ = nullptr;  // on the leader's loop only
  mutable Mutex mutex_;
  net::EventLoop* leader_loop_ ROOST_GUARDED_BY(mutex_) = nullptr;
  uint64_t room_wanted_ ROOST_GUARDED_BY(mutex_) = 0;  // the leader is told when the slowest is at most so far behind
  FetchState state_ ROOST_GUARDED_BY(mutex_) = FetchState::head_awaited;
  bool keeping_ ROOST_GUARDED_BY(mutex_) = true;
  int failed_status_ ROOST_GUARDED_BY(mutex_) = 0;
  std::optional<FetchedHead> head_ ROOST_GUARDED_BY(mutex_);  // does not change once published
  std::vector<BlockRef> blocks_ ROOST_GUARDED_BY(mutex_);     // from first_offset_ on; kBlockBytes each but the last
  uint64_t first_offset_ ROOST_GUARDED_BY(mutex_) = 0;
  uint64_t size_ ROOST_GUARDED_BY(mutex_) = 0;
  IntrusiveList<FetchCursor> cursors_ ROOST_GUARDED_BY(mutex_);
  size_t waiter_count_ ROOST_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Group>> groups_ ROOST_GUARDED_BY(mutex_);  // at most one per loop; stays until the end
};

/// Keeps a fetch until its last reader and its last posted wake-up are done.
using FetchRef = Ref<Fetch>;

/// A reader's position in the body. While it reads, the bytes behind the position stay. Used by one thread.
class FetchCursor : public ListLink<> {
 public:
  FetchCursor() = default;
  ~FetchCursor() { stop(); }
  FetchCursor(const FetchCursor&) = delete;
  FetchCursor& operator=(const FetchCursor&) = delete;

  uint64_t offset() const { return offset_; }
  /// Ends reading, if it reads.
  void stop() {
    if (reads_) FetchRef(reads_)->end_reading(*this);
  }

 private:
  friend class Fetch;
  FetchRef reads_;
  uint64_t offset_ = 0;  // written under the fetch's mutex
};

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
