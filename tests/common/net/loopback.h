#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "common/net/event_loop.h"
#include "common/net/tcp_listener.h"
#include "common/net/tcp_stream.h"

namespace roost::net {

inline const Address kAnyPort = *Address::parse("127.0.0.1:0");

/// Turns the loop until `done`, and gives up, failing the test, when that takes longer than anything here can.
inline void run_until(EventLoop& loop, const std::function<bool()>& done) {
  struct Patience {
    void run_out() { ended = true; }
    bool ended = false;
  } patience;
  Timer limit = Timer::of<&Patience::run_out>(loop.timers(), &patience);
  limit.start_ms(20'000);
  while (!done()) {
    REQUIRE_FALSE(patience.ended);
    loop.run_once(true);
  }
}

/// Some turns of whatever is ready: for showing that something does not happen.
inline void settle(EventLoop& loop) {
  for (int i = 0; i < 20; ++i) loop.run_once(false);
}

/// Writes down what a stream tells it, and can act on it.
struct Recorder final : StreamReceiver {
  void on_connected() override {
    connected = true;
    if (at_connected) at_connected();
  }
  void on_data(std::string_view bytes) override {
    data += bytes;
    ++data_calls;
    if (at_data) at_data();
  }
  void on_end() override {
    ++ends;
    if (at_end) at_end();
  }
  void on_drained() override {
    ++drains;
    if (at_drained) at_drained();
  }
  void on_error(const Error& problem) override {
    ++errors;
    error = problem;
    if (at_error) at_error();
  }

  std::function<void()> at_connected, at_data, at_end, at_drained, at_error;
  std::string data;
  Error error;
  int data_calls = 0;
  int ends = 0;
  int drains = 0;
  int errors = 0;
  bool connected = false;
};

inline bool send(const StreamPtr& stream, std::string_view bytes) {
  const Slice piece(bytes);
  return stream->write({&piece, 1});
}

/// Two connected streams over loopback: near() has connected, far() was accepted.
class Connected {
 public:
  explicit Connected(EventLoop& l) : loop(l) {
    auto made = TcpListener::listen(loop, *Address::parse("127.0.0.1:0"), {}, [this](StreamPtr stream) {
      far = std::move(stream);
      far->set_receiver(&far_events);
    });
    REQUIRE(made);
    listener = std::move(*made);
    near = TcpStream::connect(loop, listener->address());
    near->set_receiver(&near_events);
    run_until(loop, [this] { return near_events.connected && far != nullptr; });
  }

  EventLoop& loop;
  std::unique_ptr<TcpListener> listener;
  Recorder near_events;
  Recorder far_events;
  StreamPtr near;
  StreamPtr far;
};

}  // namespace roost::net
