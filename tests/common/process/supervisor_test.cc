#include "common/process/supervisor.h"

#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace roost::process;

namespace {

constexpr pid_t kPid = 42;

roost::Result<std::vector<PassedDescriptor>> read(std::vector<const char*> entries) {
  entries.push_back(nullptr);
  return passed_descriptors(entries.data(), kPid);
}

std::string mistake(std::vector<const char*> entries) {
  const auto passed = read(std::move(entries));
  REQUIRE_FALSE(passed);
  return passed.error().what;
}

/// A service manager's datagram socket, with an abstract name.
class Waiting {
 public:
  Waiting() : name_("@roost-test-notify-" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, name_.size());
    address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    REQUIRE_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~Waiting() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }
  const char* name() const { return name_.c_str(); }
  /// What has arrived; empty for nothing.
  std::string told() const {
    char text[64];
    const ssize_t size = ::recv(fd_, text, sizeof(text), 0);
    return {text, size < 0 ? 0 : static_cast<size_t>(size)};
  }

 private:
  std::string name_;
  int fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
};

}  // namespace

TEST_CASE("descriptors that were passed, with their names") {
  CHECK_EQ(read({"HOME=/", "LISTEN_PID=42", "LISTEN_FDS=3", "LISTEN_FDNAMES=http::roost-proxy.socket"}),
           std::vector<PassedDescriptor>{{3, "http"}, {4, ""}, {5, "roost-proxy.socket"}});
  CHECK_EQ(read({"LISTEN_FDS=2", "LISTEN_PID=42"}), std::vector<PassedDescriptor>{{3, ""}, {4, ""}});
  CHECK_EQ(read({"LISTEN_FDS=2", "LISTEN_PID=42", "LISTEN_FDNAMES=a"}),
           std::vector<PassedDescriptor>{{3, "a"}, {4, ""}});
  CHECK_EQ(read({"LISTEN_PID=42", "LISTEN_FDS=0"})->size(), 0);
  CHECK_EQ(read({"LISTEN_PID=42", "LISTEN_FDS=1024"})->size(), kMaxPassedDescriptors);
}

TEST_CASE("none were passed, or to another process") {
  CHECK_EQ(read({})->size(), 0);
  CHECK_EQ(read({"LISTEN_FDS=1"})->size(), 0);
  CHECK_EQ(read({"LISTEN_PID=42"})->size(), 0);
  CHECK_EQ(read({"LISTEN_PID=41", "LISTEN_FDS=1"})->size(), 0);
  CHECK_EQ(read({"LISTEN_PIDS=42", "LISTEN_FDSX=1"})->size(), 0);
  CHECK_EQ(read({"LISTEN_PID=41", "LISTEN_FDS=many"})->size(), 0);  // not looked at
}

TEST_CASE("variables that are malformed are named") {
  CHECK_EQ(mistake({"LISTEN_PID=42", "LISTEN_FDS=many"}), "LISTEN_FDS=many: a number from 0 to 1024 is expected");
  CHECK_EQ(mistake({"LISTEN_PID=42", "LISTEN_FDS=1025"}), "LISTEN_FDS=1025: a number from 0 to 1024 is expected");
  CHECK_EQ(mistake({"LISTEN_PID=42", "LISTEN_FDS=-1"}), "LISTEN_FDS=-1: a number from 0 to 1024 is expected");
  CHECK_EQ(mistake({"LISTEN_PID=42", "LISTEN_FDS="}), "LISTEN_FDS=: a number from 0 to 1024 is expected");
  CHECK_EQ(mistake({"LISTEN_PID=42 ", "LISTEN_FDS=1"}), "LISTEN_PID=42 : a number from 1 to 2147483647 is expected");
  CHECK_EQ(mistake({"LISTEN_PID=0", "LISTEN_FDS=1"}), "LISTEN_PID=0: a number from 1 to 2147483647 is expected");
}

TEST_CASE("the service manager is told, if it waits to be") {
  const Waiting manager;
  notify_supervisor("READY=1");
  CHECK_EQ(manager.told(), "");
  ::setenv("NOTIFY_SOCKET", manager.name(), 1);
  notify_supervisor("READY=1");
  CHECK_EQ(manager.told(), "READY=1");
  notify_supervisor("STOPPING=1");
  CHECK_EQ(manager.told(), "STOPPING=1");
}

TEST_CASE("a service manager that is not there does no harm") {
  for (const std::string& name : {std::string("/no/such/socket"), std::string(), std::string("@"),
                                  std::string(sizeof(sockaddr_un::sun_path), 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_supervisor("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
}
