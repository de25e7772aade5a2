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

// What is left of an answer that the socket does not take at once.
struct Sending {
  std::string_view left;

  // False when the peer is gone.
  bool go_on(int fd) {
    while (!left.empty()) {
      const ssize_t written = send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (written < 0) return transient(errno);
      left.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
};

class Origin {
 public:
  explicit Origin(size_t body_size)
      : cached_(make_answer("public, max-age=3600", std::string(body_size, 'x'))),
        uncached_(make_answer("no-store", std::string(body_size, 'x'))) {}

  [[noreturn]] void run(uint16_t port) {
    const int listener = listen_on(port);
    // Thousands of answers that wait would else take the memory for TCP that the proxy beside it needs.
    const int most_unsent = 64 * 1024;
    setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most_unsent, sizeof most_unsent);
    epoll_.add(listener);
    epoll_.run([&](int fd) {
      if (fd == listener) {
        if (const int accepted = accept_from(listener); accepted >= 0) epoll_.add(accepted);
      } else if (!on_ready(fd)) {
        pending_.erase(fd);
        sending_.erase(fd);
        close(fd);
      }
    });
  }

 private:
  bool on_ready(int fd) {
    const auto found = sending_.find(fd);
    if (found == sending_.end()) return on_bytes(fd);
    if (!found->second.go_on(fd)) return false;
    if (!found->second.left.empty()) return true;
    sending_.erase(found);
    epoll_.wait_for(fd, EPOLLIN);
    const auto held = pending_.find(fd);
    if (held == pending_.end()) return true;
    const std::string requests = std::move(held->second);
    pending_.erase(held);
    return keep(fd, answer_all(fd, requests));
  }

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

  // Keeps requests until the rest arrives, or the answer before them is sent.
  bool keep(int fd, std::string_view rest) {
    if (rest.size() > kMaxRequestSize || failed_) {
      failed_ = false;
      return false;
    }
    if (!rest.empty()) pending_.emplace(fd, rest);
    return true;
  }

  // Returns the rest after the last request answered.
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
      if (!sending_.empty() && sending_.contains(fd)) return bytes;
    }
  }

  bool answer(int fd, std::string_view target) {
    if (target == "/count") {
      const std::string text = make_answer("no-store", std::to_string(count_));
      return write_all(fd, text.data(), text.size());
    }
    ++count_;
    const std::string& text = target.starts_with("/cached") ? cached_ : uncached_;
    Sending sending{text};
    if (!sending.go_on(fd)) return false;
    if (sending.left.empty()) return true;
    sending_.emplace(fd, sending);
    epoll_.wait_for(fd, EPOLLOUT);
    return true;
  }

  Epoll epoll_;
  std::string cached_;
  std::string uncached_;
  std::unordered_map<int, std::string> pending_;  // by descriptor: requests not answered yet
  std::unordered_map<int, Sending> sending_;      // by descriptor
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
