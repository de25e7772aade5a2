// origin PORT BODY_SIZE: a backend fast enough to measure proxies. It reads requests framed by Content-Length and
// answers each with the same body:
//   /cached…    Cache-Control: public, max-age=3600
//   otherwise   Cache-Control: no-store
//   /count      the number of requests so far (this one excluded), as text, to verify hits

#include <string_view>
#include <unordered_map>

#include <strings.h>

#include "bench/loop.h"

namespace {

using namespace roost::bench;

constexpr uint64_t kMaxBodySize = 64 << 20;
constexpr size_t kMaxRequestSize = 1 << 20;

std::string make_answer(std::string_view cache_control, std::string_view body) {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: ";
  answer.append(cache_control).append("\r\nContent-Length: ").append(std::to_string(body.size()));
  return answer.append("\r\n\r\n").append(body);
}

// The value of Content-Length in a head, or 0.
size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    if (head.size() - at > kName.size() && strncasecmp(head.data() + at, kName.data(), kName.size()) == 0) {
      return std::strtoull(head.data() + at + kName.size(), nullptr, 10);
    }
  }
  return 0;
}

std::string_view target_of(std::string_view head) {
  const size_t start = head.find(' ') + 1;
  return head.substr(start, head.find(' ', start) - start);
}

class Origin {
 public:
  explicit Origin(size_t body_size)
      : cached_(make_answer("public, max-age=3600", std::string(body_size, 'x'))),
        uncached_(make_answer("no-store", std::string(body_size, 'x'))) {}

  [[noreturn]] void run(uint16_t port) {
    const int listener = listen_on(port);
    epoll_.add(listener);
    epoll_.run([&](int fd) {
      if (fd == listener) {
        if (const int accepted = accept_from(listener); accepted >= 0) epoll_.add(accepted);
      } else if (!on_bytes(fd)) {
        pending_.erase(fd);
        close(fd);
      }
    });
  }

 private:
  // Answers every complete request that has arrived; false when the connection has ended.
  bool on_bytes(int fd) {
    char buffer[65536];
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) return size < 0 && transient(errno);
    const std::string_view arrived(buffer, static_cast<size_t>(size));
    const auto held = pending_.find(fd);
    if (held == pending_.end()) return keep(fd, answer_all(fd, arrived));
    const std::string whole = std::move(held->second).append(arrived);
    pending_.erase(held);
    return keep(fd, answer_all(fd, whole));
  }

  // Keeps an incomplete request until the rest arrives.
  bool keep(int fd, std::string_view rest) {
    if (rest.size() > kMaxRequestSize || failed_) {
      failed_ = false;
      return false;
    }
    if (!rest.empty()) pending_.emplace(fd, rest);
    return true;
  }

  // Returns the rest after the last complete request.
  std::string_view answer_all(int fd, std::string_view bytes) {
    for (;;) {
      const size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) return bytes;
      const std::string_view head = bytes.substr(0, end + 4);
      const size_t size = head.size() + content_length(head);
      if (bytes.size() < size) return bytes;
      bytes.remove_prefix(size);
      if (!answer(fd, target_of(head))) {
        failed_ = true;
        return {};
      }
    }
  }

  bool answer(int fd, std::string_view target) {
    if (target == "/count") {
      const std::string text = make_answer("no-store", std::to_string(count_));
      return write_all(fd, text.data(), text.size());
    }
    ++count_;
    const std::string& text = target.starts_with("/cached") ? cached_ : uncached_;
    return write_all(fd, text.data(), text.size());
  }

  Epoll epoll_;
  std::string cached_;
  std::string uncached_;
  std::unordered_map<int, std::string> pending_;  // by descriptor: an incomplete request
  uint64_t count_ = 0;
  bool failed_ = false;  // a write failed
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: origin PORT BODY_SIZE\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(number_argument(argv[0], argv[1], 1, 65535));
  Origin(number_argument(argv[0], argv[2], 0, kMaxBodySize)).run(port);
}
