#include "common/net/fd_watcher.h"

#include <uv.h>

#include "common/base/check.h"
#include "common/base/memory_scope.h"

namespace roost::net {

struct FdWatcher::Handle {
  Handle(EventLoop& l, OnReady f) : loop(l), on_ready(std::move(f)) {}
  uv_poll_t poll{};
  EventLoop& loop;
  OnReady on_ready;
  int watched = 0;
};

FdWatcher::FdWatcher(EventLoop& loop, int fd, OnReady on_ready) : handle_(new Handle(loop, std::move(on_ready))) {
  ROOST_CHECK(uv_poll_init(loop.raw(), &handle_->poll, fd) == 0);
  handle_->poll.data = handle_;
}

FdWatcher::~FdWatcher() {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->poll),
           [](uv_handle_t* closed) { delete static_cast<Handle*>(closed->data); });
}

void FdWatcher::watch(bool readable, bool writable) {
  const int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
  if (events == handle_->watched) return;
  handle_->watched = events;
  if (events == 0) {
    uv_poll_stop(&handle_->poll);
    return;
  }
  const int started = uv_poll_start(&handle_->poll, events, [](uv_poll_t* poll, int status, int ready) {
    auto& handle = *static_cast<Handle*>(poll->data);
    handle.loop.observe_time();
    // After an error libuv has stopped watching; the owner is woken once to see for itself.
    if (status < 0) handle.watched = 0;
    const bool in = status < 0 || (ready & UV_READABLE) != 0;
    const bool out = status < 0 || (ready & UV_WRITABLE) != 0;
    (void)run_contained([&] { handle.on_ready(in, out); });  // it is ready still at the next turn
  });
  ROOST_CHECK(started == 0);
}

}  // namespace roost::net
