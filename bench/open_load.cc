// open_load PORT SCHEDULE RESULTS [CONNECTIONS] [LIMIT_MS] [FIELD…]: an open loop. Every request is sent when it is
// due, whatever became of those before it, and its time counts from when it was due: one that waits for a connection,
// or for this program, is as late as it was for the client (no coordinated omission).
//
// SCHEDULE has a line for each request, in the order they are due: DUE_US METHOD TARGET [BODY]. FIELDs are header lines
// of every request ("Name: value"), Authorization of those with a body only. At most CONNECTIONS (256) are open, with
// one request on each at a time. A request that is not answered LIMIT_MS (5000) after it was due is given up, with its
// connection.
//
// Prints "begun" when the first is due in 100 ms. RESULTS gets a line for each request, in the order of the schedule:
//
//   TOOK_US STATUS AGE_S LIKES HIT SENT_US
//
// STATUS is 0 for a broken connection or answer, -1 for one given up, -2 for one given up before it was sent. AGE_S and
// LIKES are those of the answer (Age, and the first "likes" of the body), -1 where it has none. HIT is 1 where the
// answer came from the cache of a proxy, or from a fetch for another request (Cache-Status or X-Cache). SENT_US counts
// from the begin, as DUE_US; -1 if it was not sent.

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

#include <strings.h>
#include <sys/prctl.h>

#include "bench/loop.h"

namespace {

using namespace roost::bench;
using Micros = int64_t;

Micros now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

struct Answer {
  Micros took_us = 0;
  int status = -2;
  int64_t age_s = -1;
  int64_t likes = -1;
  bool hit = false;
  Micros sent_us = -1;
};

struct Request {
  Micros due_us = 0;
  std::string bytes;
  bool is_get = false;
  Answer answer;
};

int64_t number_at(std::string_view text) {
  int64_t value = 0;
  size_t at = text.find_first_not_of(' ');
  if (at == std::string_view::npos || text[at] < '0' || text[at] > '9') return -1;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) value = value * 10 + (text[at] - '0');
  return value;
}

bool starts_with_name(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         strncasecmp(line.data(), name.data(), name.size()) == 0;
}

// Cache-Status: from the cache, or from a fetch that another request began.
bool is_hit(std::string_view status) {
  return status.find("; hit") != std::string_view::npos || status.find("; collapsed") != std::string_view::npos;
}

// The head of an answer, as far as it is looked at.
struct Head {
  int status = 0;
  int64_t length = -1;
  int64_t age_s = -1;
  bool hit = false;
  bool closes = false;

  static Head of(std::string_view text) {
    Head head;
    if (!text.starts_with("HTTP/1.1 ")) return head;
    head.status = static_cast<int>(number_at(text.substr(9)));
    for (size_t at = text.find("\r\n"); at + 2 < text.size(); at = text.find("\r\n", at + 2)) {
      const std::string_view line = text.substr(at + 2, text.find("\r\n", at + 2) - at - 2);
      const std::string_view value = line.substr(std::min(line.size(), line.find(':') + 1));
      if (starts_with_name(line, "content-length")) head.length = number_at(value);
      if (starts_with_name(line, "age")) head.age_s = number_at(value);
      if (starts_with_name(line, "cache-status")) head.hit = is_hit(value);
      if (starts_with_name(line, "x-cache")) head.hit = value == " HIT" || value == " STALE" || value == " UPDATING";
      if (starts_with_name(line, "connection")) head.closes = value == " close";
    }
    if (head.status == 204 || head.status == 304) head.length = 0;
    return head;
  }
};

int64_t likes_in(std::string_view body) {
  constexpr std::string_view kName = "\"likes\":";
  const size_t at = body.find(kName);
  return at == std::string_view::npos ? -1 : number_at(body.substr(at + kName.size()));
}

struct Connection {
  int fd = -1;
  Request* request = nullptr;
  std::string received;
  bool used_before = false;
  bool connecting = true;
};

class Load {
 public:
  Load(uint16_t port, size_t most, Micros limit_us, std::vector<Request> requests)
      : port_(port), most_(most), limit_us_(limit_us), requests_(std::move(requests)) {}

  void run() {
    begun_us_ = now_us() + 100'000;
    std::printf("begun\n");
    std::fflush(stdout);
    Micros next_look_us = begun_us_;
    while (next_ < requests_.size() || under_way_ > 0 || !waiting_.empty()) {
      wait(next_look_us);
      const Micros now = now_us();
      while (next_ < requests_.size() && begun_us_ + requests_[next_].due_us <= now) start(requests_[next_++]);
      if (now >= next_look_us) {
        give_up_late(now);
        next_look_us = now + 20'000;
      }
    }
  }

  void report(const char* path) const {
    std::ofstream out(path);
    for (const Request& request : requests_) {
      const Answer& a = request.answer;
      out << a.took_us << ' ' << a.status << ' ' << a.age_s << ' ' << a.likes << ' ' << a.hit << ' ' << a.sent_us
          << '\n';
    }
  }

 private:
  void wait(Micros until_us) {
    if (next_ < requests_.size()) until_us = std::min(until_us, begun_us_ + requests_[next_].due_us);
    const Micros left_us = std::max<Micros>(0, until_us - now_us());
    const timespec timeout{left_us / 1'000'000, left_us % 1'000'000 * 1000};
    std::array<epoll_event, 128> events{};
    const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) on_event(*static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr));
    closed_.clear();
  }

  void start(Request& request) {
    if (!idle_.empty()) {
      Connection* connection = idle_.back();
      idle_.pop_back();
      return send_on(*connection, request);
    }
    if (open_.size() >= most_) return waiting_.push_back(&request);
    open_new(request);
  }

  // Does not wait for the connection, which takes seconds where the backlog of the server is full.
  void open_new(Request& request) {
    auto made = std::make_unique<Connection>();
    made->fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    set_no_delay(made->fd);
    const sockaddr_in address = loopback(port_);
    if (connect(made->fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 && errno != EINPROGRESS) {
      close(made->fd);
      return finish(request, 0);
    }
    made->request = &request;
    ++under_way_;
    wait_for(*made, EPOLL_CTL_ADD, EPOLLOUT);
    open_.push_back(std::move(made));
  }

  void wait_for(Connection& connection, int operation, uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    check(epoll_ctl(epoll_, operation, connection.fd, &event), "epoll_ctl");
  }

  void on_connected(Connection& connection) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return on_broken(connection);
    connection.connecting = false;
    wait_for(connection, EPOLL_CTL_MOD, EPOLLIN);
    write(connection);
  }

  void send_on(Connection& connection, Request& request) {
    connection.request = &request;
    connection.received.clear();
    ++under_way_;
    write(connection);
  }

  void write(Connection& connection) {
    Request& request = *connection.request;
    request.answer.sent_us = now_us() - begun_us_;
    if (!write_all(connection.fd, request.bytes.data(), request.bytes.size())) on_broken(connection);
  }

  void on_event(Connection& connection) {
    if (connection.fd < 0) return;  // closed in this turn
    if (connection.connecting) return on_connected(connection);
    on_readable(connection);
  }

  void on_readable(Connection& connection) {
    char buffer[65536];
    const ssize_t size = recv(connection.fd, buffer, sizeof buffer, 0);
    if (size < 0 && transient(errno)) return;
    if (size <= 0 || connection.request == nullptr) return on_broken(connection);
    connection.received.append(buffer, static_cast<size_t>(size));
    const size_t end = connection.received.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const Head head = Head::of(std::string_view(connection.received).substr(0, end + 2));
    if (head.length < 0) return on_broken(connection);
    if (connection.received.size() < end + 4 + static_cast<size_t>(head.length)) return;
    on_answer(connection, head, std::string_view(connection.received).substr(end + 4));
  }

  void on_answer(Connection& connection, const Head& head, std::string_view body) {
    Answer& answer = connection.request->answer;
    answer.age_s = head.age_s;
    answer.hit = head.hit;
    answer.likes = likes_in(body);
    end_request(connection, head.status);
    connection.used_before = true;
    if (head.closes) {
      close_it(connection);
    } else if (!waiting_.empty()) {
      Request& next = *waiting_.front();
      waiting_.pop_front();
      return send_on(connection, next);
    } else {
      idle_.push_back(&connection);
    }
    serve_waiting();
  }

  // A connection that was closed while it was idle is no failure of the request that meets it: clients repeat it.
  void on_broken(Connection& connection) {
    Request* request = connection.request;
    const bool again = request != nullptr && request->is_get && connection.used_before && connection.received.empty();
    if (request != nullptr) {
      --under_way_;
      connection.request = nullptr;
    }
    close_it(connection);
    if (again) {
      open_new(*request);
    } else if (request != nullptr) {
      finish(*request, 0);
    }
    serve_waiting();
  }

  void serve_waiting() {
    while (!waiting_.empty() && open_.size() < most_) {
      Request& next = *waiting_.front();
      waiting_.pop_front();
      open_new(next);
    }
  }

  void end_request(Connection& connection, int status) {
    --under_way_;
    finish(*connection.request, status);
    connection.request = nullptr;
  }

  void finish(Request& request, int status) {
    request.answer.status = status;
    request.answer.took_us = now_us() - begun_us_ - request.due_us;
  }

  void close_it(Connection& connection) {
    close(connection.fd);
    connection.fd = -1;
    idle_.erase(std::remove(idle_.begin(), idle_.end(), &connection), idle_.end());
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& c) { return c.get() == &connection; });
    closed_.push_back(std::move(*found));  // until the end of the turn, whose events may name it
    open_.erase(found);
  }

  void give_up_late(Micros now) {
    const Micros oldest_us = now - begun_us_ - limit_us_;
    while (!waiting_.empty() && waiting_.front()->due_us < oldest_us) {
      finish(*waiting_.front(), -2);
      waiting_.pop_front();
    }
    std::vector<Connection*> late;
    for (const auto& connection : open_) {
      if (connection->request != nullptr && connection->request->due_us < oldest_us) late.push_back(connection.get());
    }
    for (Connection* connection : late) {
      end_request(*connection, -1);
      close_it(*connection);
    }
    serve_waiting();
  }

  const uint16_t port_;
  const size_t most_;
  const Micros limit_us_;
  std::vector<Request> requests_;
  const int epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  Micros begun_us_ = 0;
  size_t next_ = 0;
  size_t under_way_ = 0;
  std::vector<std::unique_ptr<Connection>> open_;
  std::vector<std::unique_ptr<Connection>> closed_;
  std::vector<Connection*> idle_;
  std::deque<Request*> waiting_;
};

std::vector<Request> read_schedule(const char* path, const std::string& fields, const std::string& with_body) {
  std::ifstream in(path);
  if (!in) check(-1, path);
  std::vector<Request> requests;
  std::string line, method, target, body;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    Request request;
    words >> request.due_us >> method >> target;
    std::getline(words >> std::ws, body);
    if (!words && target.empty()) check(-1, "schedule");
    request.is_get = method == "GET";
    request.bytes = method + " " + target + " HTTP/1.1\r\nHost: bench.test\r\n" + fields;
    if (!body.empty()) request.bytes += "Content-Type: application/json\r\n" + with_body;
    if (!request.is_get) request.bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    request.bytes += "\r\n" + body;
    requests.push_back(std::move(request));
    body.clear();
  }
  return requests;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: open_load PORT SCHEDULE RESULTS [CONNECTIONS] [LIMIT_MS] [FIELD…]\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(number_argument(argv[0], argv[1], 1, 65535));
  const uint64_t most = argc > 4 ? number_argument(argv[0], argv[4], 1, 10'000) : 256;
  const uint64_t limit_ms = argc > 5 ? number_argument(argv[0], argv[5], 1, 600'000) : 5000;
  std::string fields, with_body;
  for (int i = 6; i < argc; ++i) {
    std::string& kind = starts_with_name(argv[i], "authorization") ? with_body : fields;
    kind.append(argv[i]).append("\r\n");
  }
  prctl(PR_SET_TIMERSLACK, 1000);  // nanoseconds
  Load load(port, most, static_cast<Micros>(limit_ms) * 1000, read_schedule(argv[2], fields, with_body));
  load.run();
  load.report(argv[3]);
  return 0;
}
