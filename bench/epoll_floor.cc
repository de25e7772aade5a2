// epoll_floor PORT BODY_SIZE: the least an HTTP server can do. It reads, finds the empty line at the end of a request
// without a body, and writes a fixed answer. No server that parses requests can cost less, so its CPU per request is
// the floor of a cached GET.

#include <string_view>

#include "bench/floor_answer.h"
#include "bench/loop.h"

namespace {

using namespace roost::bench;

// Serves what is readable; false when the connection has ended.
bool on_request(int fd, const std::string& answer) {
  char buffer[16384];
  const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
  if (size <= 0) return size < 0 && transient(errno);
  if (!ends_request({buffer, static_cast<size_t>(size)})) return true;
  return write_all(fd, answer.data(), answer.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: epoll_floor PORT BODY_SIZE\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(number_argument(argv[0], argv[1], 1, 65535));
  const std::string answer = floor_answer(number_argument(argv[0], argv[2], 0, kMaxBodySize));
  const int listener = listen_on(port);
  Epoll epoll;
  epoll.add(listener);
  epoll.run([&](int fd) {
    if (fd == listener) {
      if (const int accepted = accept_from(listener); accepted >= 0) epoll.add(accepted);
    } else if (!on_request(fd, answer)) {
      close(fd);
    }
  });
}
