#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/http/server.h"
#include "common/net/event_loop.h"
#include "common/net/listener.h"
#include "proxy/exchange/front.h"
#include "proxy/limits/limit_news.h"
#include "proxy/runtime/lag_sampler.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/runtime/runtime.h"
#include "proxy/upstream/connector.h"

namespace roost::proxy {

/// One thread of the proxy: its loop, a listener on every address (the kernel spreads connections over the threads,
/// SO_REUSEPORT; of a passed socket the threads accept together), the connections to clients and backends. Created,
/// drained and destroyed by the main thread.
class LoopThread final : private ConnectionLimits::RoomMaker {
 public:
  /// Thread `index` of `threads`. Listens on every one of `addresses`, on the sockets that were passed for it if there
  /// are; their ports are known. The error is that of the first that fails.
  static Result<std::unique_ptr<LoopThread>> make(Runtime& runtime, const std::vector<net::Address>& addresses,
                                                  uint32_t index, uint32_t threads);
  /// Stops and joins the thread if it is running.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  void start();
  /// The addresses of the listeners, with the actual ports. Before start().
  std::vector<net::Address> listening_on() const;
  /// New requests use `site` from some moment on; those in progress keep theirs. Any thread.
  void use_site(std::shared_ptr<const Site> site);
  /// Graceful shutdown: stops accepting, waits at most `timeout_ms` for requests in progress, calls `drained` on the
  /// loop's thread and ends it. Once; any thread.
  void drain(int64_t timeout_ms, Task drained);

 private:
  LoopThread(Runtime& runtime, uint32_t index);
  Result<void> listen(const net::Address& address, uint32_t index, uint32_t threads);
  void serve(net::EstablishedStream established);
  void begin_drain(int64_t timeout_ms, Task drained);
  void check_drained();
  void update_gauges();
  void make_room() override;
  void report_limits();

  Runtime& runtime_;
  net::EventLoop loop_;
  TcpConnector connector_;
  LoopContext context_;
  Front front_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  net::Timer drain_timer_;
  net::Timer gauge_timer_;
  LagSampler lag_;
  std::atomic<bool> room_wanted_{false};
  LimitNews refusals_;
  LimitNews accept_pauses_;
  int64_t drain_until_ms_ = 0;
  Task drained_;
  std::thread thread_;
};

}  // namespace roost::proxy
