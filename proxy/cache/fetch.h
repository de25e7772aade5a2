#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/block.h"
#include "common/base/intrusive_list.h"
#include "common/net/event_loop.h"

namespace roost::proxy {

class Fetch;
class FetchTable;

/// One client's wait for a fetch. Lives on its loop's thread; destroying it ends the wait.
class FetchWaiter : public ListLink<Fetch> {
 public:
  /// Something has changed: read with Fetch::read(). On the waiter's own loop, never from inside another call of the
  /// fetch. May destroy this waiter, and others of the same loop.
  virtual void on_fetch_progress() = 0;

 protected:
  ~FetchWaiter() = default;
};

/// How far a fetch is.
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
struct FetchedHead {
  int status = 0;
  std::string fields;  ///< as ResponseParts::fields
  std::string etag, last_modified, vary, tags;
  int64_t initial_age_ms = 0;
  int64_t lifetime_ms = 0;
  int64_t received_unix_ms = 0;
  bool length_known = false;
  uint64_t length = 0;
};

/// One fetch from a backend that any number of clients on any thread share. The one that fetches (the leader) publishes
/// head and body pieces; everybody reads them at their own speed from the blocks, which are then what the cache stores.
/// A slow reader holds back nobody. Bounded: a fetch larger than the cache takes is closed to newcomers
/// (FetchTable::close) and each block goes when the last reader has passed it; a reader that lags more than
/// `max_lag_bytes` behind then is cut off.
///
/// Thread: leader's calls on the leader's loop; a waiter's on the waiter's loop; state is under one mutex.
class Fetch {
 public:
  static constexpr uint32_t kBlockBytes = 16 * 1024;

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

  // ---- for the leader
  // ------------------------------------------------------------------------------------------------

  void publish_head(FetchedHead head);
  void append(std::string_view bytes);
  /// The body is whole. The blocks, for the cache; empty when some are gone already.
  std::vector<BlockRef> complete();
  /// Ends without an answer for the waiters: uncacheable, abandoned, failed or truncated.
  void end(FetchState how, int status = 0);
  /// From here on blocks that everybody has read are dropped: the whole will not be stored.
  void drop_read_blocks();
  bool has_waiters() const;
  uint64_t bytes() const;

  // ---- for those who wait
  // --------------------------------------------------------------------------------------------

  void wait(FetchWaiter& waiter, net::EventLoop& loop);
  void leave(FetchWaiter& waiter);
  /// Appends to `pieces` references to what lies behind the cursor, at most `max_pieces`, and moves the cursor.
  Reading read(Cursor& cursor, std::vector<BlockRef>& pieces, size_t max_pieces);

 private:
  friend class FetchRef;
  struct Group {  // those who wait on one loop
    net::EventLoop* loop = nullptr;
    IntrusiveList<FetchWaiter, Fetch> waiting;
    IntrusiveList<FetchWaiter, Fetch> due;
    bool posted = false;
  };
  void wake_all();  // mutex_ held
  void deliver(Group& group);

  std::atomic<uint32_t> references_{1};
  mutable std::mutex mutex_;
  FetchState state_ = FetchState::head_awaited;
  int failed_status_ = 0;
  FetchedHead head_;
  std::vector<BlockRef> blocks_;  // from first_offset_ on; each full but the last
  uint64_t first_offset_ = 0;
  uint64_t size_ = 0;
  bool dropping_ = false;
  std::vector<std::unique_ptr<Group>> groups_;
};

/// A counted reference to a Fetch, so that it lives until the last reader and the last posted wake-up are done.
class FetchRef {
 public:
  FetchRef() = default;
  static FetchRef make() { return FetchRef(new Fetch); }
  static FetchRef share(Fetch* fetch) {
    if (fetch != nullptr) fetch->references_.fetch_add(1, std::memory_order_relaxed);
    return FetchRef(fetch);
  }
  FetchRef(const FetchRef& other) : FetchRef(share(other.fetch_)) {}
  FetchRef(FetchRef&& other) noexcept : fetch_(std::exchange(other.fetch_, nullptr)) {}
  FetchRef& operator=(FetchRef other) noexcept {
    std::swap(fetch_, other.fetch_);
    return *this;
  }
  ~FetchRef() {
    if (fetch_ != nullptr && fetch_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete fetch_;
  }
  explicit operator bool() const { return fetch_ != nullptr; }
  Fetch* get() const { return fetch_; }
  Fetch* operator->() const { return fetch_; }

 private:
  explicit FetchRef(Fetch* fetch) : fetch_(fetch) {}
  Fetch* fetch_ = nullptr;
};

}  // namespace roost::proxy
