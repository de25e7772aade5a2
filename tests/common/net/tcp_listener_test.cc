#include "common/net/tcp_listener.h"

#include <cerrno>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/common/net/loopback.h"

using namespace roost::net;

namespace {

/// A client socket that connects without waiting.
class Client {
 public:
  explicit Client(const Address& address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE_GE(fd_, 0);
    REQUIRE_EQ(::connect(fd_, address.raw(), address.raw_size()), 0);
  }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Client() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

std::vector<Client> connect_many(const Address& address, int count) {
  std::vector<Client> clients;
  for (int i = 0; i < count; ++i) clients.emplace_back(address);
  return clients;
}

/// As the message about a port in use would name this process.
std::string this_process() {
  std::string name;
  std::ifstream comm("/proc/self/comm");
  std::getline(comm, name);
  return "(held by " + name + ", pid " + std::to_string(getpid()) + ")";
}

}  // namespace

TEST_CASE("a listener accepts all that connect, and says where it listens") {
  EventLoop loop;
  std::vector<StreamPtr> accepted;
  auto listener =
      TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) { accepted.push_back(std::move(stream)); });
  REQUIRE(listener);
  const Address address = (*listener)->address();
  CHECK_NE(address.port(), 0);
  CHECK_EQ(address.host(), "127.0.0.1");
  const auto clients = connect_many(address, 2 * TcpListener::kMaxAcceptsPerTurn + 3);
  loop.run_once(true);
  CHECK_EQ(accepted.size(), TcpListener::kMaxAcceptsPerTurn);
  run_until(loop, [&] { return accepted.size() == clients.size(); });
  CHECK(accepted.front()->peer().is_loopback());
}

TEST_CASE("accepted connections do not wait to fill a segment") {
  EventLoop loop;
  StreamPtr accepted;
  auto listener = TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) { accepted = std::move(stream); });
  const Client client((*listener)->address());
  run_until(loop, [&] { return accepted != nullptr; });
  // The stream does not show its descriptor: the socket whose peer is accepted->peer() has it.
  int no_delay = -1;
  for (int fd = 3; fd < 256 && no_delay < 0; ++fd) {
    sockaddr_in6 peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (!(Address(reinterpret_cast<const sockaddr*>(&peer), size) == accepted->peer())) continue;
    socklen_t length = sizeof(no_delay);
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
  }
  CHECK_EQ(no_delay, 1);
}

TEST_CASE("a peer that does not read takes little of the kernel's memory") {
  EventLoop loop;
  StreamPtr accepted;
  auto listener = TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) { accepted = std::move(stream); });
  const Client client((*listener)->address());
  run_until(loop, [&] { return accepted != nullptr; });
  Recorder events;
  accepted->set_receiver(&events);
  const std::string big(32 << 20, 'x');
  send(accepted, big);
  settle(loop);
  const uint64_t in_kernel = big.size() - accepted->queued_bytes() - *accepted->acknowledged_bytes();
  CHECK_LE(in_kernel, 2 * TcpListener::kMaxUnsentBytes);  // it is checked before each piece of a write
}

TEST_CASE("IPv6") {
  EventLoop loop;
  StreamPtr accepted;
  auto listener = TcpListener::listen(loop, *Address::parse("[::1]:0"), {},
                                      [&](StreamPtr stream) { accepted = std::move(stream); });
  if (!listener) {
    MESSAGE("no IPv6 on this machine: " << listener.error().what);
    return;
  }
  Recorder events;
  StreamPtr near = TcpStream::connect(loop, (*listener)->address());
  near->set_receiver(&events);
  run_until(loop, [&] { return accepted != nullptr && events.connected; });
  CHECK_EQ(accepted->peer().host(), "::1");
}

TEST_CASE("paused, connections wait in the backlog") {
  EventLoop loop;
  std::vector<StreamPtr> accepted;
  std::unique_ptr<TcpListener> listener;
  bool pause_at_first = true;
  auto made = TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) {
    accepted.push_back(std::move(stream));
    if (std::exchange(pause_at_first, false)) listener->pause();
  });
  listener = std::move(*made);
  const auto clients = connect_many(listener->address(), 4);
  run_until(loop, [&] { return !accepted.empty(); });
  settle(loop);
  CHECK_EQ(accepted.size(), 1);
  listener->pause();
  listener->resume();
  listener->resume();
  run_until(loop, [&] { return accepted.size() == 4; });
}

TEST_CASE("at a graceful end the backlog is handed out, and nobody else is let in") {
  EventLoop loop;
  std::vector<StreamPtr> accepted;
  auto listener =
      TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) { accepted.push_back(std::move(stream)); });
  REQUIRE(listener);
  const Address address = (*listener)->address();
  (*listener)->pause();
  const std::vector<Client> clients = connect_many(address, 200);  // more than one turn accepts
  (*listener)->accept_backlog();
  CHECK_EQ(accepted.size(), 200);
  const int late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK_EQ(::connect(late, address.raw(), address.raw_size()), -1);
  CHECK_EQ(errno, EINPROGRESS);  // on loopback it would be connected by now
  ::close(late);
  (*listener)->accept_backlog();
  CHECK_EQ(accepted.size(), 200);
}

TEST_CASE("a connection may destroy its listener") {
  EventLoop loop;
  std::unique_ptr<TcpListener> listener;
  std::vector<StreamPtr> accepted;
  auto made = TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) {
    accepted.push_back(std::move(stream));
    listener.reset();
  });
  listener = std::move(*made);
  const Address address = listener->address();
  const auto clients = connect_many(address, 3);
  run_until(loop, [&] { return listener == nullptr; });
  settle(loop);
  CHECK_EQ(accepted.size(), 1);
  // The port is free at once.
  CHECK(TcpListener::listen(loop, address, {}, [](StreamPtr) {}));
}

TEST_CASE("a port in use is an error that says who holds it") {
  EventLoop loop;
  auto first = TcpListener::listen(loop, kAnyPort, {}, [](StreamPtr) {});
  REQUIRE(first);
  const Address address = (*first)->address();
  auto second = TcpListener::listen(loop, address, {}, [](StreamPtr) {});
  REQUIRE_FALSE(second);
  CHECK_EQ(second.error().code, EADDRINUSE);
  CHECK_EQ(second.error().what, "listen on " + address.to_string() + ": the port is in use " + this_process());
}

TEST_CASE("an address of another machine is an error that names it") {
  EventLoop loop;
  auto listener = TcpListener::listen(loop, *Address::parse("192.0.2.1:80"), {}, [](StreamPtr) {});
  REQUIRE_FALSE(listener);
  CHECK_EQ(listener.error().code, EADDRNOTAVAIL);
  CHECK_NE(listener.error().what.find("192.0.2.1:80"), std::string::npos);
}

TEST_CASE("probe finds a holder that shares its port, and a free port free") {
  EventLoop loop;
  Address address;
  {
    auto holder = TcpListener::listen(loop, kAnyPort, {.reuse_port = true}, [](StreamPtr) {});
    address = (*holder)->address();
    auto probed = TcpListener::probe(address);
    REQUIRE_FALSE(probed);
    CHECK_NE(probed.error().what.find("in use " + this_process()), std::string::npos);
    CHECK(TcpListener::listen(loop, address, {.reuse_port = true}, [](StreamPtr) {}));
  }
  CHECK(TcpListener::probe(address));
  CHECK(TcpListener::probe(kAnyPort));
}

TEST_CASE("two loops share a port, and each connection goes to one of them") {
  EventLoop one, two;
  int at_one = 0;
  int at_two = 0;
  auto first = TcpListener::listen(one, kAnyPort, {.reuse_port = true}, [&](StreamPtr) { ++at_one; });
  REQUIRE(first);
  const Address address = (*first)->address();
  auto second = TcpListener::listen(two, address, {.reuse_port = true}, [&](StreamPtr) { ++at_two; });
  REQUIRE(second);
  constexpr int kClients = 200;
  const auto clients = connect_many(address, kClients);
  std::thread other([&] { run_until(two, [&] { return at_two > 0; }), settle(two); });
  run_until(one, [&] { return at_one > 0; });
  settle(one);
  other.join();
  CHECK_EQ(at_one + at_two, kClients);
}

TEST_CASE("out of descriptors, connections wait instead of burning the processor") {
  EventLoop loop;
  std::vector<StreamPtr> accepted;
  auto listener =
      TcpListener::listen(loop, kAnyPort, {}, [&](StreamPtr stream) { accepted.push_back(std::move(stream)); });
  const Client client((*listener)->address());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  const rlimit tight{static_cast<rlim_t>(lowest_free), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  run_until(loop, [&] { return (*listener)->exhausted_count() > 0; });
  settle(loop);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(accepted.empty());
  CHECK_EQ((*listener)->exhausted_count(), 1);
  run_until(loop, [&] { return accepted.size() == 1; });
}
