#include "common/net/port_holder.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include <dirent.h>
#include <fmt/core.h>
#include <unistd.h>

namespace roost::net {
namespace {

using Links = std::set<std::string>;  // "socket:[12345]", as the entries of /proc/PID/fd point to

/// The sockets that listen on `port`, on any address.
Links listening_sockets(uint16_t port) {
  constexpr unsigned kListen = 0x0a;  // TCP_LISTEN, as /proc/net/tcp writes it
  Links found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    std::string line;
    while (std::getline(lines, line)) {
      char local[64] = "";
      unsigned state = 0;
      unsigned long inode = 0;
      const int fields = std::sscanf(line.c_str(), " %*u: %63s %*s %x %*s %*s %*s %*u %*u %lu", local, &state, &inode);
      const std::string address(local);
      const size_t colon = address.rfind(':');
      if (fields != 3 || state != kListen || colon == std::string::npos) continue;
      if (std::strtoul(address.c_str() + colon + 1, nullptr, 16) != port) continue;
      found.insert(fmt::format("socket:[{}]", inode));
    }
  }
  return found;
}

bool holds_any(const std::string& fd_folder, const Links& sockets) {
  DIR* folder = opendir(fd_folder.c_str());
  if (folder == nullptr) return false;
  bool found = false;
  while (const dirent* entry = found ? nullptr : readdir(folder)) {
    char target[64] = "";
    const std::string link = fd_folder + "/" + entry->d_name;
    found = readlink(link.c_str(), target, sizeof(target) - 1) > 0 && sockets.count(target) != 0;
  }
  closedir(folder);
  return found;
}

}  // namespace

std::string describe_port_holder(uint16_t port) {
  std::string holder = "held by another process";
  const Links sockets = listening_sockets(port);
  DIR* processes = sockets.empty() ? nullptr : opendir("/proc");
  if (processes == nullptr) return holder;
  while (const dirent* entry = readdir(processes)) {
    const std::string pid = entry->d_name;
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds_any("/proc/" + pid + "/fd", sockets)) continue;
    std::string name;
    std::ifstream comm("/proc/" + pid + "/comm");
    std::getline(comm, name);
    holder = fmt::format("held by {}, pid {}", name, pid);
    break;
  }
  closedir(processes);
  return holder;
}

}  // namespace roost::net
