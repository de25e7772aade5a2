#include "common/net/event_loop.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <uv.h>

#include "common/base/check.h"
#include "common/base/essential_malloc.h"
#include "common/base/memory_reserve.h"
#include "common/base/memory_scope.h"

namespace roost::net {

struct EventLoop::Impl {
  struct Signal {
    uv_signal_t handle{};
    Task task;
  };
  uv_loop_t loop{};
  uv_async_t wake{};
  uv_timer_t alarm{};
  uv_check_t after_poll{};
  uv_prepare_t before_poll{};
  uv_idle_t no_wait{};  // active while readers wait for their turn
  std::array<Signal, kMaxSignals> signals;
  size_t signal_count = 0;
  int64_t armed_for_ms = -1;  // Time the alarm is set to; -1 if it is not set.
  int64_t offset_taken_ms = -1;
  std::array<char, kReadBufferBytes> read_buffer{};
};

namespace {

/// libuv ends the process where it cannot enlarge its table of descriptors.
void share_memory_with_libuv() {
  static const int shared = uv_replace_allocator(essential_malloc, essential_realloc, essential_calloc, std::free);
  ROOST_CHECK(shared == 0);
}

}  // namespace

EventLoop::EventLoop() : timers_(SystemClock().monotonic_ms()), impl_(std::make_unique<Impl>()) {
  // A write to a connection that the peer has closed returns an error instead of ending the process.
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::this_thread::get_id();
  share_memory_with_libuv();
  ROOST_CHECK(uv_loop_init(&impl_->loop) == 0);
  impl_->loop.data = this;
  ROOST_CHECK(uv_async_init(&impl_->loop, &impl_->wake, [](uv_async_t* handle) {
                static_cast<EventLoop*>(handle->loop->data)->run_posted();
              }) == 0);
  uv_timer_init(&impl_->loop, &impl_->alarm);
  uv_check_init(&impl_->loop, &impl_->after_poll);
  uv_prepare_init(&impl_->loop, &impl_->before_poll);
  uv_idle_init(&impl_->loop, &impl_->no_wait);
  // The order of libuv: timers, prepare, poll (all I/O), check. A turn ends in check, after I/O, and again in prepare,
  // before the loop waits.
  uv_prepare_start(&impl_->before_poll, [](uv_prepare_t* h) { static_cast<EventLoop*>(h->loop->data)->end_turn(); });
  uv_check_start(&impl_->after_poll, [](uv_check_t* h) { static_cast<EventLoop*>(h->loop->data)->after_events(); });
}

EventLoop::~EventLoop() {
  thread_ = std::this_thread::get_id();
  drop_unrun();
  auto close = [](auto* handle) { uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr); };
  close(&impl_->wake);
  close(&impl_->alarm);
  close(&impl_->after_poll);
  close(&impl_->before_poll);
  close(&impl_->no_wait);
  for (size_t i = 0; i < impl_->signal_count; ++i) close(&impl_->signals[i].handle);
  // An open stream would keep the loop below running for ever.
  uv_walk(
      &impl_->loop, [](uv_handle_t* handle, void*) { ROOST_CHECK(uv_is_closing(handle) != 0); }, nullptr);
  // Streams and look-ups that were just closed have yet to get their close callbacks.
  while (uv_run(&impl_->loop, UV_RUN_DEFAULT) != 0) {
  }
  ROOST_CHECK(uv_loop_close(&impl_->loop) == 0);
}

// Destroys tasks and retired objects, which may own streams of this loop, and whatever these post and retire.
void EventLoop::drop_unrun() {
  for (size_t i = 0; i < impl_->signal_count; ++i) impl_->signals[i].task = nullptr;
  std::vector<Task> tasks;
  do {
    tasks.clear();
    end_turn();
    const MutexLock lock(posted_mutex_);
    tasks.swap(posted_);
  } while (!tasks.empty());
}

void EventLoop::run() {
  begin_run();
  uv_run(&impl_->loop, UV_RUN_DEFAULT);
  end_turn();
}

void EventLoop::run_once(bool wait) {
  begin_run();
  uv_run(&impl_->loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  end_turn();
}

// Time has passed outside run(). Timers that are due already end the first wait at once.
void EventLoop::begin_run() {
  thread_ = std::this_thread::get_id();
  MemoryReserve::give_up_in_time();
  uv_update_time(&impl_->loop);
  observe_time();
  end_turn();
}

void EventLoop::stop() {
  post([this] { uv_stop(&impl_->loop); });
}

void EventLoop::post(Task task) {
  const EssentialMemory essential;
  bool first = false;
  {
    const MutexLock lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (first) uv_async_send(&impl_->wake);
}

bool EventLoop::in_loop_thread() const {
  return thread_.load() == std::this_thread::get_id();
}

void EventLoop::retire(std::unique_ptr<Retirable> object) {
  if (object == nullptr) return;
  const EssentialMemory essential;
  object->on_retired();
  retired_.push_back(std::move(object));
}

void EventLoop::on_signal(int signal_number, Task task) {
  ROOST_CHECK(impl_->signal_count < kMaxSignals);
  Impl::Signal& entry = impl_->signals[impl_->signal_count++];
  entry.task = std::move(task);
  ROOST_CHECK(uv_signal_init(&impl_->loop, &entry.handle) == 0);
  entry.handle.data = &entry;
  uv_signal_start(
      &entry.handle,
      [](uv_signal_t* handle, int number) {
        static_cast<EventLoop*>(handle->loop->data)->observe_time();
        if (!run_contained(static_cast<Impl::Signal*>(handle->data)->task)) std::raise(number);
      },
      signal_number);
  uv_unref(reinterpret_cast<uv_handle_t*>(&entry.handle));
}

uv_loop_s* EventLoop::raw() {
  return &impl_->loop;
}

char* EventLoop::read_buffer() {
  return impl_->read_buffer.data();
}

void EventLoop::observe_time() {
  timers_.observe_ms(static_cast<int64_t>(uv_now(&impl_->loop)));
}

void EventLoop::run_posted() {
  observe_time();
  std::vector<Task> tasks;
  {
    const MutexLock lock(posted_mutex_);
    tasks.swap(posted_);
  }
  // What a task that could not end owns (a Reply) says so itself.
  for (Task& task : tasks) (void)run_contained(task);
}

// The two clocks are rounded to milliseconds at different moments; differences of that size leave the offset unchanged.
void EventLoop::take_unix_offset(int64_t now_ms) {
  impl_->offset_taken_ms = now_ms;
  const int64_t offset_ms = SystemClock().unix_ms() - now_ms;
  if (offset_ms > unix_offset_ms_ + 2 || offset_ms < unix_offset_ms_ - 2) unix_offset_ms_ = offset_ms;
}

// Timers run after the I/O of the same turn, so that data that arrived in time cancels its time-out even when the loop
// is late.
void EventLoop::after_events() {
  const auto now_ms = static_cast<int64_t>(uv_now(&impl_->loop));
  if (now_ms != impl_->offset_taken_ms) take_unix_offset(now_ms);
  read_first_ = reads_first(now_ms);
  if (read_first_) {
    timers_.observe_ms(now_ms);
  } else {
    timers_.advance_to_ms(now_ms);
  }
  begin_reading();
  end_turn();
}

void EventLoop::begin_reading() {
  read_turns_.begin_turn();
  if (read_turns_.anybody_waits() == (uv_is_active(reinterpret_cast<uv_handle_t*>(&impl_->no_wait)) != 0)) return;
  if (read_turns_.anybody_waits()) {
    uv_idle_start(&impl_->no_wait, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&impl_->no_wait);
  }
}

// Had the process been stopped (a paused container), the wait for events was interrupted, and timers are late without
// anything having been read. The alarm, which is due, keeps the next turn from waiting.
bool EventLoop::reads_first(int64_t now_ms) {
  // What was due at the last turn has run: after a short one nothing can be late.
  const int64_t turn_ms = now_ms - std::exchange(last_turn_ms_, now_ms);
  if (turn_ms < kLateMs || read_first_) return false;
  const int64_t due_ms = timers_.next_wakeup_ms();
  return due_ms >= 0 && now_ms - due_ms >= kLateMs;
}

void EventLoop::end_turn() {
  while (!retired_.empty()) {
    std::vector<std::unique_ptr<Retirable>> dying;
    dying.swap(retired_);
    dying.clear();
  }
  arm_timer();
}

// An alarm that is set early enough stays as it is: an unneeded wake-up costs less than setting it in every turn, since
// each request moves time-outs forward.
void EventLoop::arm_timer() {
  const int64_t wanted_ms = timers_.next_wakeup_ms();
  if (wanted_ms < 0 || (impl_->armed_for_ms >= 0 && impl_->armed_for_ms <= wanted_ms)) return;
  impl_->armed_for_ms = wanted_ms;
  const auto now_ms = static_cast<int64_t>(uv_now(&impl_->loop));
  uv_timer_start(
      &impl_->alarm,
      [](uv_timer_t* handle) {
        // Only ends the wait; the timers run in after_events.
        static_cast<EventLoop*>(handle->loop->data)->impl_->armed_for_ms = -1;
      },
      static_cast<uint64_t>(wanted_ms > now_ms ? wanted_ms - now_ms : 0), 0);
}

}  // namespace roost::net
