#include "common/service/passed_sockets.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/listener.h"
#include "tests/common/net/loopback.h"

using namespace roost::net;
using namespace roost::service;

namespace {

/// What systemd would have opened: blocking, and open across exec.
class Opened {
 public:
  explicit Opened(int type = SOCK_STREAM, int family = AF_INET) : fd_(::socket(family, type, 0)) {}
  ~Opened() { ::close(fd_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  int fd() const { return fd_; }
  /// Binds it to a port of its own.
  Address bind() const {
    const Address any = *Address::parse("127.0.0.1:0");
    REQUIRE_EQ(::bind(fd_, any.raw(), any.raw_size()), 0);
    sockaddr_in6 bound{};
    socklen_t size = sizeof(bound);
    REQUIRE_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size), 0);
    return {reinterpret_cast<const sockaddr*>(&bound), size};
  }
  Address listen() const {
    const Address address = bind();
    REQUIRE_EQ(::listen(fd_, 16), 0);
    return address;
  }

 private:
  int fd_;
};

int connected(const Address& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE_EQ(::connect(fd, address.raw(), address.raw_size()), 0);
  return fd;
}

}  // namespace

TEST_CASE("every passed socket belongs to a thread, and every thread has one") {
  CHECK_EQ(share_of(0, 4, 0), std::vector<size_t>{});
  CHECK_EQ(share_of(3, 4, 1), std::vector<size_t>{0});
  CHECK_EQ(share_of(3, 4, 2), std::vector<size_t>{1});
  CHECK_EQ(share_of(1, 2, 2), std::vector<size_t>{1});
  CHECK_EQ(share_of(0, 2, 5), std::vector<size_t>{0, 2, 4});
  CHECK_EQ(share_of(1, 2, 5), std::vector<size_t>{1, 3});
}

TEST_CASE("a passed socket is made like one of our own") {
  const Opened opened;
  const Address address = opened.listen();
  const auto passed = PassedSockets::take({opened.fd()});
  REQUIRE(passed);
  CHECK_EQ(passed->addresses(), std::vector<Address>{address});
  CHECK(passed->has(address));
  CHECK_NE(::fcntl(opened.fd(), F_GETFL) & O_NONBLOCK, 0);
  CHECK_EQ(::fcntl(opened.fd(), F_GETFD), FD_CLOEXEC);
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  REQUIRE_EQ(::getsockopt(opened.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  CHECK_EQ(no_delay, 1);
  const auto own = passed->duplicate(address, 0, 2);
  REQUIRE(own);
  REQUIRE_EQ(own->size(), 1);
  CHECK_EQ(::fcntl(own->front(), F_GETFD), FD_CLOEXEC);
  ::close(own->front());
  CHECK_EQ(passed->duplicate(*Address::parse("127.0.0.1:1"), 0, 2)->size(), 0);
}

TEST_CASE("nothing but a listening TCP socket is taken") {
  const Opened datagram(SOCK_DGRAM);
  const Opened local(SOCK_STREAM, AF_UNIX);
  const Opened idle;
  idle.bind();
  for (const int fd : {datagram.fd(), local.fd(), idle.fd(), 987654}) {
    const auto passed = PassedSockets::take({fd});
    REQUIRE_FALSE(passed);
    CHECK_EQ(passed.error().what, "descriptor " + std::to_string(fd) + ", passed to listen on, is no TCP listener");
  }
}

TEST_CASE("connections wait for the next process when a listener on a passed socket ends") {
  EventLoop loop;
  const Opened opened;
  const Address address = opened.listen();
  const auto passed = PassedSockets::take({opened.fd()});
  REQUIRE(passed);
  std::vector<EstablishedStream> streams;
  const auto collect = [&](EstablishedStream stream) { streams.push_back(std::move(stream)); };
  auto first = adopt_plain(loop, passed->duplicate(address, 0, 1)->front(), collect);
  CHECK_EQ(first->address(), address);
  const int one = connected(address);
  run_until(loop, [&] { return streams.size() == 1; });
  CHECK_EQ(streams.front().local, address);
  CHECK(streams.front().stream->peer().is_loopback());

  const int two = connected(address);
  first->accept_backlog();
  CHECK_EQ(streams.size(), 1);
  first.reset();
  const int three = connected(address);  // not even while nobody listens is it refused
  auto second = adopt_plain(loop, passed->duplicate(address, 0, 1)->front(), collect);
  run_until(loop, [&] { return streams.size() == 3; });
  for (const int fd : {one, two, three}) ::close(fd);
}
