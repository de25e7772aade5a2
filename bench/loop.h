// Shared by the measuring programs: a listening socket, an epoll set and its events. Loopback only, one thread,
// level-triggered. A failing system call during set-up exits with code 1.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace roost::bench {

inline int check(int result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
  return result;
}

inline sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline int listen_on(uint16_t port) {
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  check(listen(fd, 1024), "listen");
  return fd;
}

// The next connection, non-blocking with TCP_NODELAY, or -1.
inline int accept_from(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) set_no_delay(fd);
  return fd;
}

// A non-blocking connection to a loopback port; connect() itself blocks, which is instant on loopback. -1 on failure.
inline int connect_to(uint16_t port) {
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    close(fd);
    return -1;
  }
  check(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), "fcntl");
  set_no_delay(fd);
  return fd;
}

class Epoll {
 public:
  Epoll() : fd_(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}
  ~Epoll() { close(fd_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  void add(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    check(epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  // From now on `fd` is waited for to be writable, or again to be readable.
  void wait_for(int fd, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    check(epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
  }

  // Calls on_ready(fd) for every descriptor that is what it is waited for to be, forever.
  template <class OnReady>
  [[noreturn]] void run(OnReady on_ready) {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = epoll_wait(fd_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) on_ready(events[static_cast<size_t>(i)].data.fd);
    }
  }

 private:
  int fd_;
};

inline bool transient(int error) {
  return error == EAGAIN || error == EINTR;
}

// Writes everything, with a busy loop while the socket is full: these answers fit any socket buffer. False when the
// peer is gone.
inline bool write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = send(fd, data, size, MSG_NOSIGNAL);
    if (written < 0 && !transient(errno)) return false;
    if (written > 0) {
      data += written;
      size -= static_cast<size_t>(written);
    }
  }
  return true;
}

// An argument that must be a number from `low` to `high`; exits with code 2 otherwise.
inline uint64_t number_argument(const char* program, const char* text, uint64_t low, uint64_t high) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0' || value < low || value > high) {
    std::fprintf(stderr, "%s: %s is not a number from %llu to %llu\n", program, text,
                 static_cast<unsigned long long>(low), static_cast<unsigned long long>(high));
    std::exit(2);
  }
  return value;
}

}  // namespace roost::bench
