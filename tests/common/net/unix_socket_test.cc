#include "common/net/unix_socket.h"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/common/net/loopback.h"

using namespace roost;
using namespace roost::net;

namespace {

/// A path in a directory of its own, removed at the end.
struct Place {
  Place() { REQUIRE(::mkdtemp(directory.data()) != nullptr); }
  ~Place() {
    ::unlink(path().c_str());
    ::rmdir(directory.c_str());
  }
  std::string path() const { return directory + "/socket"; }
  std::string directory = "/tmp/roost-unix-XXXXXX";
};

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

}  // namespace

TEST_CASE("a listener on a path serves its owner alone") {
  const Place place;
  const auto fd = listen_on_path(place.path());
  REQUIRE(fd);
  struct stat status {};
  REQUIRE(::stat(place.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  EventLoop loop;
  StreamPtr accepted;
  const auto listener = TcpListener::adopt(loop, *fd, {}, [&](StreamPtr stream) { accepted = std::move(stream); });
  const int client = connect_to(place.path());
  run_until(loop, [&] { return accepted != nullptr; });
  Recorder recorder;
  accepted->set_receiver(&recorder);
  accepted->start_reading();
  REQUIRE(::write(client, "hello", 5) == 5);
  run_until(loop, [&] { return recorder.data == "hello"; });
  CHECK(accepted->peer().host().empty());
  ::close(client);
}

TEST_CASE("a path is taken over from a process that has ended, from no other") {
  const Place place;
  const auto first = listen_on_path(place.path());
  REQUIRE(first);
  const auto second = listen_on_path(place.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().what.find("unix:" + place.path() + ": the path is in use") != std::string::npos);
  ::close(*first);  // its file stays
  const auto third = listen_on_path(place.path());
  REQUIRE(third);
  ::close(*third);
}

TEST_CASE("a file that is no socket stays") {
  const Place place;
  std::FILE* file = std::fopen(place.path().c_str(), "we");
  REQUIRE(file != nullptr);
  std::fclose(file);
  CHECK_FALSE(listen_on_path(place.path()));
  CHECK(::access(place.path().c_str(), F_OK) == 0);
  CHECK_FALSE(listen_on_path(place.directory + "/no/socket"));
}
