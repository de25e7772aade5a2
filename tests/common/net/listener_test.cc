#include "common/net/listener.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "tests/common/net/loopback.h"

using namespace roost::net;

TEST_CASE("a plain listener hands out streams of HTTP/1 over http") {
  EventLoop loop;
  std::vector<EstablishedStream> streams;
  auto listener = listen_plain(loop, kAnyPort, [&](EstablishedStream stream) { streams.push_back(std::move(stream)); });
  REQUIRE(listener);
  Recorder events;
  const StreamPtr client = TcpStream::connect(loop, (*listener)->address());
  client->set_receiver(&events);
  run_until(loop, [&] { return events.connected && streams.size() == 1; });
  CHECK(streams[0].protocol == Protocol::http1);
  CHECK(streams[0].scheme == "http");
  CHECK(streams[0].local == (*listener)->address());
  CHECK(streams[0].local.port() != 0);
  CHECK(streams[0].stream->peer().is_loopback());
  CHECK_FALSE(streams[0].stream->peer() == streams[0].local);
}

TEST_CASE("a listener may be destroyed in its callback; its streams stay") {
  EventLoop loop;
  std::unique_ptr<Listener> listener;
  EstablishedStream accepted;
  auto made = listen_plain(loop, kAnyPort, [&](EstablishedStream stream) {
    listener.reset();
    accepted = std::move(stream);
  });
  REQUIRE(made);
  listener = std::move(*made);
  Recorder near_events;
  Recorder far_events;
  const StreamPtr client = TcpStream::connect(loop, listener->address());
  client->set_receiver(&near_events);
  run_until(loop, [&] { return near_events.connected && accepted.stream != nullptr; });
  accepted.stream->set_receiver(&far_events);
  accepted.stream->start_reading();
  send(client, "still here");
  run_until(loop, [&] { return far_events.data == "still here"; });
}

TEST_CASE("two loops listen on one address; the error of a third party's port names it") {
  EventLoop one;
  EventLoop two;
  auto first = listen_plain(one, kAnyPort, [](EstablishedStream) {});
  REQUIRE(first);
  const Address address = (*first)->address();
  CHECK(listen_plain(two, address, [](EstablishedStream) {}));
  auto held = TcpListener::listen(one, kAnyPort, {}, [](StreamPtr) {});
  REQUIRE(held);
  const auto refused = listen_plain(two, (*held)->address(), [](EstablishedStream) {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find((*held)->address().to_string()) != std::string::npos);
}
