#include "common/net/tcp_stream.h"

#include <array>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/common/net/loopback.h"

using namespace roost::net;
using roost::BlockRef;
using roost::Slice;

namespace {

/// Writes until the stream asks to stop; returns what was written.
std::string fill(const StreamPtr& stream) {
  std::string sent;
  bool more = true;
  for (int i = 0; more; ++i) {
    std::string chunk(50'000, static_cast<char>('a' + i % 26));
    more = send(stream, chunk);
    sent += chunk;
    REQUIRE_LT(sent.size(), 64u << 20);
  }
  return sent;
}

/// A plain socket connected to `listener`, for doing what a Stream never does.
int raw_connection(const TcpListener& listener) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE_GE(fd, 0);
  const Address address = listener.address();
  REQUIRE_EQ(::connect(fd, address.raw(), address.raw_size()), 0);
  return fd;
}

void reset_connection(int fd) {
  const linger abort{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  ::close(fd);
}

/// A raw peer and the stream accepted from it.
struct RawPeer {
  explicit RawPeer(EventLoop& l) : loop(l) {
    auto made = TcpListener::listen(loop, *Address::parse("127.0.0.1:0"), {}, [this](StreamPtr accepted) {
      stream = std::move(accepted);
      stream->set_receiver(&events);
    });
    REQUIRE(made);
    fd = raw_connection(**made);
    run_until(loop, [this] { return stream != nullptr; });
  }
  EventLoop& loop;
  Recorder events;
  StreamPtr stream;
  int fd = -1;
};

}  // namespace

TEST_CASE("bytes go both ways, several pieces in one write, and the ends know each other") {
  EventLoop loop;
  Connected pair(loop);
  pair.far->start_reading();
  pair.near->start_reading();
  const BlockRef body = BlockRef::copy_of("body");
  const std::array<Slice, 4> pieces{Slice(std::string_view("head ")), Slice(body), Slice(),
                                    Slice(std::string_view("."))};
  CHECK(pair.near->write(pieces));
  CHECK_EQ(pair.near->queued_bytes(), 0);
  run_until(loop, [&] { return pair.far_events.data == "head body."; });
  CHECK_EQ(pair.far_events.data_calls, 1);
  CHECK(send(pair.far, "answer"));
  run_until(loop, [&] { return pair.near_events.data == "answer"; });
  CHECK(pair.near->peer() == pair.listener->address());
  CHECK(pair.far->peer().is_loopback());
  CHECK_NE(pair.far->peer().port(), 0);
}

TEST_CASE("an idle connection is small") {
  CHECK_LE(sizeof(TcpStream), 352);
}

TEST_CASE("as many pieces as a write may have, and an empty write") {
  EventLoop loop;
  Connected pair(loop);
  pair.far->start_reading();
  CHECK(pair.near->write({}));
  const BlockRef block = BlockRef::copy_of("xy");
  const std::vector<Slice> pieces(Stream::kMaxSlices, Slice(block));
  CHECK(pair.near->write(pieces));
  run_until(loop, [&] { return pair.far_events.data.size() == 2 * Stream::kMaxSlices; });
}

TEST_CASE("what is written before the connection stands goes out when it does") {
  EventLoop loop;
  Recorder far_events, near_events;
  StreamPtr far;
  auto listener = TcpListener::listen(loop, *Address::parse("127.0.0.1:0"), {}, [&](StreamPtr stream) {
    far = std::move(stream);
    far->set_receiver(&far_events);
    far->start_reading();
  });
  StreamPtr near = TcpStream::connect(loop, (*listener)->address());
  near->set_receiver(&near_events);
  near->start_reading();
  CHECK(send(near, "early"));
  CHECK_EQ(near->queued_bytes(), 5);
  near->shutdown();
  CHECK_FALSE(near_events.connected);
  run_until(loop, [&] { return far_events.ends == 1; });
  CHECK_EQ(far_events.data, "early");
  CHECK(send(far, "late"));
  run_until(loop, [&] { return near_events.data == "late"; });
}

TEST_CASE("nothing arrives while reading is stopped, and all of it afterwards") {
  EventLoop loop;
  Connected pair(loop);
  send(pair.near, "one");
  settle(loop);
  CHECK_EQ(pair.far_events.data, "");
  pair.far->start_reading();
  pair.far->start_reading();
  run_until(loop, [&] { return pair.far_events.data == "one"; });
  pair.far->stop_reading();
  pair.far->stop_reading();
  send(pair.near, "two");
  pair.near->shutdown();
  settle(loop);
  CHECK_EQ(pair.far_events.data, "one");
  CHECK_EQ(pair.far_events.ends, 0);
  pair.far->start_reading();
  run_until(loop, [&] { return pair.far_events.ends == 1; });
  CHECK_EQ(pair.far_events.data, "onetwo");
}

TEST_CASE("a receiver that stops within on_data gets no more, not even the end") {
  EventLoop loop;
  Connected pair(loop);
  pair.far_events.at_data = [&] { pair.far->stop_reading(); };
  pair.far->start_reading();
  send(pair.near, "bytes");
  pair.near->shutdown();
  run_until(loop, [&] { return pair.far_events.data == "bytes"; });
  // Both directions ended makes the kernel report a hang-up, which must not pass for an event.
  pair.far->shutdown();
  settle(loop);
  CHECK_EQ(pair.far_events.ends, 0);
  pair.far->start_reading();
  run_until(loop, [&] { return pair.far_events.ends == 1; });
  settle(loop);
  CHECK_EQ(pair.far_events.ends, 1);
  CHECK_EQ(pair.far_events.errors, 0);
}

TEST_CASE("a turn reads a bounded part of what has arrived, and the next ones all of it") {
  EventLoop loop;
  std::deque<RawPeer> peers;
  std::vector<size_t> sent;
  for (int i = 0; i < 6; ++i) {
    const int fd = peers.emplace_back(loop).fd;
    const std::string chunk(100'000, 'x');
    sent.push_back(0);
    for (ssize_t count = 0; count >= 0 && sent.back() < (4u << 20); sent.back() += static_cast<size_t>(count)) {
      count = ::send(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (count < 0) break;
    }
    REQUIRE_GT(sent.back(), 200'000);
  }
  const auto received = [&] {
    size_t bytes = 0;
    for (const RawPeer& peer : peers) bytes += peer.events.data.size();
    return bytes;
  };
  constexpr size_t kMostInATurn = ReadTurns::kReadersPerTurn * ReadTurns::kBuffersInARow * ReadTurns::kBufferBytes;
  for (const RawPeer& peer : peers) peer.stream->start_reading();
  size_t before = 0;
  for (int turn = 0; turn < 4; ++turn) {
    loop.run_once(false);
    CHECK_LE(received() - before, kMostInATurn + peers.size() * ReadTurns::kFirstBytes);
    before = received();
  }
  peers[0].stream->stop_reading();
  peers[1].stream.reset();
  const size_t stopped_at = peers[0].events.data.size();
  run_until(loop, [&] {
    for (size_t i = 2; i < peers.size(); ++i) {
      if (peers[i].events.data.size() < sent[i]) return false;
    }
    return true;
  });
  CHECK_EQ(peers[0].events.data.size(), stopped_at);
  peers[0].stream->start_reading();
  run_until(loop, [&] { return peers[0].events.data.size() == sent[0]; });
  for (const RawPeer& peer : peers) ::close(peer.fd);
}

TEST_CASE("a slow reader holds the writer at the high watermark, and below the low one it goes on") {
  EventLoop loop;
  Connected pair(loop);
  std::string sent = fill(pair.near);
  CHECK_GE(pair.near->queued_bytes(), Stream::kHighWatermarkBytes);
  CHECK_FALSE(send(pair.near, "queued all the same"));
  sent += "queued all the same";
  settle(loop);
  CHECK_EQ(pair.near_events.drains, 0);
  size_t queued_at_drain = SIZE_MAX;
  pair.near_events.at_drained = [&] { queued_at_drain = pair.near->queued_bytes(); };
  pair.far->start_reading();
  run_until(loop, [&] { return pair.near_events.drains == 1; });
  CHECK_LT(queued_at_drain, Stream::kLowWatermarkBytes);
  run_until(loop, [&] { return pair.far_events.data.size() == sent.size(); });
  CHECK(pair.far_events.data == sent);
  settle(loop);
  CHECK_EQ(pair.near_events.drains, 1);
  CHECK_EQ(pair.near->queued_bytes(), 0);
}

TEST_CASE("on_drained comes only when a write had been refused") {
  EventLoop loop;
  Connected pair(loop);
  pair.far->start_reading();
  CHECK(send(pair.near, std::string(200'000, 'x')));
  run_until(loop, [&] { return pair.far_events.data.size() == 200'000; });
  settle(loop);
  CHECK_EQ(pair.near_events.drains, 0);
}

TEST_CASE("queued pieces keep their owner alive, and a long queue goes out in order") {
  EventLoop loop;
  Connected pair(loop);
  std::string expected = fill(pair.near);
  for (int i = 0; i < 500; ++i) {
    const std::string text = std::to_string(i) + ";";
    const BlockRef block = BlockRef::copy_of(text);
    const Slice piece(block);
    pair.near->write({&piece, 1});
    expected += text;
  }
  pair.near->shutdown();
  pair.far->start_reading();
  run_until(loop, [&] { return pair.far_events.ends == 1; });
  CHECK(pair.far_events.data == expected);
}

TEST_CASE("what waits in the kernel is not acknowledged, what the peer's system has is") {
  EventLoop loop;
  Connected pair(loop);
  const std::string big(32 << 20, 'x');
  send(pair.near, big);
  settle(loop);
  const size_t in_kernel_or_beyond = big.size() - pair.near->queued_bytes();
  REQUIRE_GT(in_kernel_or_beyond, 0);
  const auto before = pair.near->acknowledged_bytes();
  REQUIRE(before);
  CHECK_LT(*before, in_kernel_or_beyond);
  pair.far->start_reading();
  run_until(loop, [&] { return pair.far_events.data.size() == big.size(); });
  run_until(loop, [&] { return *pair.near->acknowledged_bytes() >= *before + big.size() / 2; });
  CHECK_EQ(pair.near->queued_bytes(), 0);
}

TEST_CASE("half close: one direction ends, the other goes on") {
  EventLoop loop;
  Connected pair(loop);
  pair.far->start_reading();
  pair.near->start_reading();
  send(pair.near, "question");
  pair.near->shutdown();
  pair.near->shutdown();
  run_until(loop, [&] { return pair.far_events.ends == 1; });
  CHECK_EQ(pair.far_events.data, "question");
  send(pair.far, "answer");
  pair.far->shutdown();
  run_until(loop, [&] { return pair.near_events.ends == 1; });
  CHECK_EQ(pair.near_events.data, "answer");
  CHECK_EQ(pair.near_events.errors + pair.far_events.errors, 0);
}

TEST_CASE("the end of the peer is told once") {
  EventLoop loop;
  Connected pair(loop);
  pair.far->start_reading();
  pair.near.reset();
  run_until(loop, [&] { return pair.far_events.ends == 1; });
  settle(loop);
  CHECK_EQ(pair.far_events.ends, 1);
  CHECK_EQ(pair.far_events.errors, 0);
}

TEST_CASE("a reset by the peer is an error that names it") {
  EventLoop loop;
  RawPeer peer(loop);
  peer.stream->start_reading();
  reset_connection(peer.fd);
  run_until(loop, [&] { return peer.events.errors == 1; });
  CHECK_EQ(peer.events.error.code, ECONNRESET);
  CHECK_EQ(peer.events.error.side, roost::Side::internal);
  CHECK_FALSE(peer.events.error.retryable);
  CHECK_NE(peer.events.error.what.find("127.0.0.1:"), std::string::npos);
  CHECK_FALSE(send(peer.stream, "ignored"));
  peer.stream->shutdown();
  settle(loop);
  CHECK_EQ(peer.events.errors, 1);
  CHECK_EQ(peer.events.ends, 0);
}

TEST_CASE("a write that finds the connection broken tells so later, once, never from inside write") {
  EventLoop loop;
  for (const bool reading : {false, true}) {
    CAPTURE(reading);
    RawPeer peer(loop);
    if (reading) peer.stream->start_reading();
    reset_connection(peer.fd);
    bool inside = false;
    peer.events.at_error = [&] { CHECK_FALSE(inside); };
    inside = true;
    for (int i = 0; i < 3; ++i) send(peer.stream, "bytes");
    inside = false;
    CHECK_EQ(peer.events.errors, 0);
    run_until(loop, [&] { return peer.events.errors == 1; });
    CHECK_EQ(peer.events.error.code, ECONNRESET);
    settle(loop);
    CHECK_EQ(peer.events.errors, 1);
    CHECK_EQ(peer.events.ends, 0);
  }
}

TEST_CASE("what the peer sent before it reset is read even when a write finds the reset first") {
  EventLoop loop;
  RawPeer peer(loop);
  peer.stream->start_reading();
  CHECK_EQ(::send(peer.fd, "413 too large", 13, 0), 13);
  reset_connection(peer.fd);
  send(peer.stream, "the rest of a long body");
  run_until(loop, [&] { return peer.events.errors == 1; });
  CHECK_EQ(peer.events.data, "413 too large");
  CHECK_EQ(peer.events.ends, 0);
}

TEST_CASE("a refused connection is a retryable error, told later") {
  EventLoop loop;
  Address closed;
  {
    auto listener = TcpListener::listen(loop, *Address::parse("127.0.0.1:0"), {}, [](StreamPtr) {});
    closed = (*listener)->address();
  }
  Recorder events;
  StreamPtr stream = TcpStream::connect(loop, closed);
  stream->set_receiver(&events);
  send(stream, "never sent");
  CHECK_EQ(events.errors, 0);
  run_until(loop, [&] { return events.errors == 1; });
  CHECK_FALSE(events.connected);
  CHECK_EQ(events.error.code, ECONNREFUSED);
  CHECK(events.error.retryable);
  CHECK_EQ(events.error.what, "connect to " + closed.to_string() + ": connection refused");
}

TEST_CASE("a connection that cannot even be tried fails later, and may be closed before") {
  EventLoop loop;
  // No route is asked for: a broadcast address is refused by connect() itself.
  const Address impossible = *Address::parse("255.255.255.255:9");
  Recorder events;
  StreamPtr told = TcpStream::connect(loop, impossible);
  told->set_receiver(&events);
  StreamPtr closed = TcpStream::connect(loop, impossible);
  closed->set_receiver(&events);
  closed.reset();
  CHECK_EQ(events.errors, 0);
  run_until(loop, [&] { return events.errors == 1; });
  CHECK(events.error.retryable);
  settle(loop);
  CHECK_EQ(events.errors, 1);
  // One more whose failure is still to be told when the loop ends.
  StreamPtr unfinished = TcpStream::connect(loop, impossible);
}

TEST_CASE("any event may destroy the stream, and nothing comes afterwards") {
  EventLoop loop;
  SUBCASE("on_connected") {
    auto listener = TcpListener::listen(loop, *Address::parse("127.0.0.1:0"), {}, [](StreamPtr) {});
    Recorder events;
    StreamPtr stream = TcpStream::connect(loop, (*listener)->address());
    stream->set_receiver(&events);
    send(stream, "queued");
    events.at_connected = [&] { stream.reset(); };
    run_until(loop, [&] { return stream == nullptr; });
    settle(loop);
    CHECK_EQ(events.errors, 0);
  }
  SUBCASE("on_data, with more bytes than one read takes") {
    Connected pair(loop);
    pair.far_events.at_data = [&] { pair.far.reset(); };
    send(pair.near, std::string(3 * EventLoop::kReadBufferBytes, 'x'));
    pair.far->start_reading();
    run_until(loop, [&] { return pair.far == nullptr; });
    settle(loop);
    CHECK_EQ(pair.far_events.data_calls, 1);
  }
  SUBCASE("on_end") {
    Connected pair(loop);
    pair.far_events.at_end = [&] { pair.far.reset(); };
    pair.far->start_reading();
    pair.near->shutdown();
    run_until(loop, [&] { return pair.far == nullptr; });
    settle(loop);
  }
  SUBCASE("on_drained") {
    Connected pair(loop);
    pair.near_events.at_drained = [&] { pair.near.reset(); };
    fill(pair.near);
    pair.far->start_reading();
    run_until(loop, [&] { return pair.near == nullptr; });
    settle(loop);
    CHECK_EQ(pair.near_events.drains, 1);
  }
  SUBCASE("on_error of a read") {
    RawPeer peer(loop);
    peer.events.at_error = [&] { peer.stream.reset(); };
    peer.stream->start_reading();
    reset_connection(peer.fd);
    run_until(loop, [&] { return peer.stream == nullptr; });
    settle(loop);
    CHECK_EQ(peer.events.errors, 1);
  }
  SUBCASE("on_error of a write") {
    RawPeer peer(loop);
    peer.events.at_error = [&] { peer.stream.reset(); };
    reset_connection(peer.fd);
    send(peer.stream, "x");
    send(peer.stream, "x");
    run_until(loop, [&] { return peer.stream == nullptr; });
    settle(loop);
    CHECK_EQ(peer.events.errors, 1);
  }
}

TEST_CASE("a stream may be closed at any stage, with anything queued") {
  EventLoop loop;
  {
    Connected pair(loop);
    StreamPtr connecting = TcpStream::connect(loop, pair.listener->address());
    send(connecting, "queued");
    connecting.reset();
    fill(pair.near);
    pair.near.reset();
    pair.far->start_reading();
    // The loop's end finds it open no more, but not yet freed either.
    pair.far.reset();
  }
  StreamPtr owned_by_a_task = TcpStream::connect(loop, *Address::parse("127.0.0.1:1"));
  loop.post([kept = std::move(owned_by_a_task)] {});
}
