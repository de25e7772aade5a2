// byte_relay PORT BACKEND_PORT [BACKEND_PORT…]: the least a proxy can do. Every client connection gets its own backend
// connection, round robin, and bytes are relayed without looking at them. No proxy that parses messages can cost less,
// so its CPU per request is the floor of forwarding.

#include <algorithm>
#include <utility>
#include <vector>

#include "bench/loop.h"

namespace {

using namespace roost::bench;

constexpr size_t kMaxDescriptors = 65536;

class Relay {
 public:
  explicit Relay(std::vector<uint16_t> backends) : backends_(std::move(backends)), peer_(kMaxDescriptors, -1) {}

  [[noreturn]] void run(uint16_t port) {
    const int listener = listen_on(port);
    epoll_.add(listener);
    epoll_.run([&](int fd) {
      if (fd == listener) {
        on_client(accept_from(listener));
      } else {
        on_bytes(fd);
      }
    });
  }

 private:
  void on_client(int client) {
    if (client < 0) return;
    const int backend = connect_to(backends_[next_++ % backends_.size()]);
    if (backend < 0 || static_cast<size_t>(std::max(client, backend)) >= kMaxDescriptors) {
      if (backend >= 0) close(backend);
      close(client);
      return;
    }
    join(client, backend);
    join(backend, client);
  }

  void join(int fd, int peer) {
    peer_[static_cast<size_t>(fd)] = peer;
    epoll_.add(fd);
  }

  void on_bytes(int fd) {
    const int peer = peer_[static_cast<size_t>(fd)];
    if (peer < 0) return;  // its pair was closed earlier in this turn
    char buffer[65536];
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size < 0 && transient(errno)) return;
    if (size <= 0 || !write_all(peer, buffer, static_cast<size_t>(size))) part(fd, peer);
  }

  void part(int fd, int peer) {
    for (const int end : {fd, peer}) {
      peer_[static_cast<size_t>(end)] = -1;
      close(end);
    }
  }

  Epoll epoll_;
  std::vector<uint16_t> backends_;
  std::vector<int> peer_;  // by descriptor: the other end, or -1
  size_t next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: byte_relay PORT BACKEND_PORT [BACKEND_PORT...]\n");
    return 2;
  }
  std::vector<uint16_t> ports;
  for (int i = 1; i < argc; ++i) ports.push_back(static_cast<uint16_t>(number_argument(argv[0], argv[i], 1, 65535)));
  Relay({ports.begin() + 1, ports.end()}).run(ports.front());
}
