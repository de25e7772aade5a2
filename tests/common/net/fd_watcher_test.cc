#include "common/net/fd_watcher.h"

#include <array>
#include <memory>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/common/net/loopback.h"

using namespace roost;
using namespace roost::net;

namespace {

/// Two connected sockets; near is what is watched.
struct SocketPair {
  SocketPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) == 0); }
  ~SocketPair() {
    for (const int fd : fds) {
      if (fd >= 0) ::close(fd);
    }
  }
  int near() const { return fds[0]; }
  void send(const std::string& text) const {
    REQUIRE(::write(fds[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void close_far() {
    ::close(fds[1]);
    fds[1] = -1;
  }
  std::array<int, 2> fds{-1, -1};
};

struct Counts {
  int readable = 0;
  int writable = 0;
};

FdWatcher::OnReady count_in(Counts& counts) {
  return [&counts](bool readable, bool writable) {
    counts.readable += readable ? 1 : 0;
    counts.writable += writable ? 1 : 0;
  };
}

}  // namespace

TEST_CASE("what is watched for is told, and nothing else") {
  EventLoop loop;
  SocketPair pair;
  Counts counts;
  FdWatcher watcher(loop, pair.near(), count_in(counts));
  pair.send("x");
  settle(loop);
  CHECK(counts.readable + counts.writable == 0);

  watcher.watch(true, false);
  run_until(loop, [&] { return counts.readable > 0; });
  CHECK(counts.writable == 0);

  watcher.watch(false, true);
  counts = {};
  run_until(loop, [&] { return counts.writable > 0; });
  CHECK(counts.readable == 0);

  watcher.watch(false, false);
  counts = {};
  settle(loop);
  CHECK(counts.readable + counts.writable == 0);
}

TEST_CASE("what is left unread is told again") {
  EventLoop loop;
  SocketPair pair;
  Counts counts;
  FdWatcher watcher(loop, pair.near(), count_in(counts));
  watcher.watch(true, true);
  pair.send("x");
  run_until(loop, [&] { return counts.readable >= 3; });
  CHECK(counts.writable >= 3);
}

TEST_CASE("the end of the other side wakes a reader") {
  EventLoop loop;
  SocketPair pair;
  Counts counts;
  FdWatcher watcher(loop, pair.near(), count_in(counts));
  watcher.watch(true, false);
  settle(loop);
  CHECK(counts.readable == 0);
  pair.close_far();
  run_until(loop, [&] { return counts.readable > 0; });
}

TEST_CASE("a watcher may be destroyed by its own call, and the descriptor closed at once") {
  EventLoop loop;
  SocketPair pair;
  std::unique_ptr<FdWatcher> watcher;
  int calls = 0;
  auto note = std::make_shared<int>(7);  // owned by the callback: alive until the call returns
  watcher = std::make_unique<FdWatcher>(loop, pair.near(), [&, note](bool, bool) {
    ++calls;
    watcher.reset();
    ::close(pair.fds[0]);
    pair.fds[0] = -1;
    CHECK(*note == 7);
  });
  watcher->watch(true, true);
  run_until(loop, [&] { return calls > 0; });
  settle(loop);
  CHECK(calls == 1);
}

TEST_CASE("a descriptor's number may be watched anew in the same turn") {
  EventLoop loop;
  SocketPair first;
  SocketPair second;
  Counts counts;
  auto watcher = std::make_unique<FdWatcher>(loop, first.near(), count_in(counts));
  watcher->watch(true, false);
  loop.run_once(false);
  watcher.reset();
  REQUIRE(::dup2(second.near(), first.near()) == first.near());  // another socket under the same number
  watcher = std::make_unique<FdWatcher>(loop, first.near(), count_in(counts));
  watcher->watch(true, false);
  second.send("x");
  run_until(loop, [&] { return counts.readable > 0; });
}
