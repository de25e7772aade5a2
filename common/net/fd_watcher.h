#pragma once

#include <memory>

#include "common/base/task.h"
#include "common/net/event_loop.h"

namespace roost::net {

/// Tells when a file descriptor that belongs to somebody else (a library with sockets of its own) can be read or
/// written. The descriptor is switched to non-blocking and is never closed from here. Level-triggered: what is left
/// unread is told again at the next turn. Loop thread only.
class FdWatcher {
 public:
  /// `writable` and `readable` may both be true. A descriptor that is broken is told as both: the owner finds out at
  /// its next read or write. May destroy the watcher.
  using OnReady = UniqueFunction<void(bool readable, bool writable)>;

  /// `fd` is open, and watched by nobody else on this loop. Watches for nothing yet.
  FdWatcher(EventLoop& loop, int fd, OnReady on_ready);
  /// Nothing is called any more, and `fd` may be closed at once. Whoever closes it must destroy the watcher first.
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;

  /// What to tell from now on.
  void watch(bool readable, bool writable);

 private:
  struct Handle;  // outlives the watcher until libuv lets go of it
  Handle* handle_;
};

}  // namespace roost::net
