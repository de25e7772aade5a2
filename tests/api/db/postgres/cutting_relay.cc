#include "tests/api/db/postgres/cutting_relay.h"

#include <algorithm>
#include <array>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"

namespace roost {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return;  // the other end is gone: it learns so when it reads
    data += sent;
    size -= static_cast<size_t>(sent);
  }
}

void close_one(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

void send_at_once(int fd) {
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace

CuttingRelay::CuttingRelay(uint16_t server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  ROOST_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ROOST_CHECK(::listen(listener_, 64) == 0);
  socklen_t size = sizeof address;
  ROOST_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

CuttingRelay::~CuttingRelay() {
  ending_ = true;
  thread_.join();
  for (Pair& pair : pairs_) close_both(pair);
  ::close(listener_);
}

void CuttingRelay::arm(Direction direction, size_t bytes, Manner manner) {
  const std::lock_guard guard(mutex_);
  armed_ = true;
  direction_ = direction;
  limit_ = bytes;
  manner_ = manner;
  counted_ = 0;
  cut_ = false;
}

void CuttingRelay::deliver_late() {
  const std::lock_guard guard(mutex_);
  for (Pair& pair : pairs_) {
    if (pair.client >= 0 || pair.server < 0) continue;
    send_all(pair.server, pair.kept.data(), pair.kept.size());
    // The server ends the session of a client that is gone once it has executed what that one had sent.
    ::shutdown(pair.server, SHUT_WR);
    std::array<char, 4096> answer;
    while (::recv(pair.server, answer.data(), answer.size(), 0) > 0) {
    }
    close_one(pair.server);
  }
}

void CuttingRelay::run() {
  constexpr int kLookUpMs = 5;
  while (!ending_) {
    std::vector<pollfd> entries{{listener_, POLLIN, 0}};
    {
      const std::lock_guard guard(mutex_);
      pairs_.remove_if([](const Pair& pair) { return pair.client < 0 && pair.server < 0; });
      for (const Pair& pair : pairs_) {
        entries.push_back({pair.client, POLLIN, 0});  // a negative descriptor is passed over
        entries.push_back({pair.client < 0 ? -1 : pair.server, POLLIN, 0});
      }
    }
    if (::poll(entries.data(), entries.size(), kLookUpMs) <= 0) continue;
    const std::lock_guard guard(mutex_);
    size_t at = 1;
    for (Pair& pair : pairs_) {
      if (at + 1 >= entries.size()) break;
      const bool from_client = entries[at].revents != 0;
      const bool from_server = entries[at + 1].revents != 0;
      at += 2;
      bool going = true;
      if (from_client && pair.client >= 0) going = relay(pair, Direction::to_server);
      if (from_server && going && pair.client >= 0) relay(pair, Direction::to_client);
    }
    if (entries[0].revents != 0) accept_one();
  }
}

void CuttingRelay::accept_one() {
  Pair pair;
  pair.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pair.client < 0) return;
  pair.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(server_port_);
  if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return close_both(pair);
  send_at_once(pair.client);
  send_at_once(pair.server);
  pairs_.push_back(std::move(pair));
}

bool CuttingRelay::relay(Pair& pair, Direction direction) {
  std::array<char, 64 * 1024> buffer;
  const int from = direction == Direction::to_server ? pair.client : pair.server;
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    close_both(pair);
    return false;
  }
  return pass(pair, direction, buffer.data(), static_cast<size_t>(got));
}

bool CuttingRelay::pass(Pair& pair, Direction direction, const char* data, size_t size) {
  const int to = direction == Direction::to_server ? pair.server : pair.client;
  if (!armed_ || direction != direction_) {
    send_all(to, data, size);
    return true;
  }
  const size_t passing = std::min(size, limit_ - counted_);
  counted_ += passing;  // before it is sent: whoever has the last byte may ask at once
  send_all(to, data, passing);
  return passing == size || cut(pair, data + passing, size - passing);
}

bool CuttingRelay::cut(Pair& pair, const char* rest, size_t size) {
  armed_ = false;
  if (manner_ == Manner::cut || direction_ == Direction::to_client) {
    close_both(pair);
  } else {
    pair.kept.assign(rest, size);
    close_one(pair.client);
  }
  cut_ = true;
  return false;
}

void CuttingRelay::close_both(Pair& pair) {
  close_one(pair.client);
  close_one(pair.server);
}

}  // namespace roost
