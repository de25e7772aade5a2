#include "common/process/supervisor.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace roost::process {
namespace {

std::optional<std::string_view> variable(const char* const* environment, std::string_view name) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

Result<int64_t> number(std::string_view name, std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return fail(fmt::format("{}={}: a number from {} to {} is expected", name, text, least, most));
  }
  return value;
}

}  // namespace

Result<std::vector<PassedDescriptor>> passed_descriptors(const char* const* environment, pid_t pid) {
  const auto for_process = variable(environment, "LISTEN_PID");
  const auto count_text = variable(environment, "LISTEN_FDS");
  std::vector<PassedDescriptor> passed;
  if (!for_process || !count_text) return passed;
  const auto meant = number("LISTEN_PID", *for_process, 1, INT32_MAX);
  if (!meant) return tl::unexpected(meant.error());
  if (*meant != pid) return passed;  // a parent's
  const auto count = number("LISTEN_FDS", *count_text, 0, kMaxPassedDescriptors);
  if (!count) return tl::unexpected(count.error());
  std::string_view names = variable(environment, "LISTEN_FDNAMES").value_or("");
  for (int i = 0; i < *count; ++i) {
    const size_t colon = std::min(names.find(':'), names.size());
    passed.push_back({kFirstPassedDescriptor + i, std::string(names.substr(0, colon))});
    names.remove_prefix(std::min(colon + 1, names.size()));
  }
  return passed;
}

void notify_supervisor(std::string_view state) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = std::strlen(name);
  if (size < 2 || size >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, name, size);
  if (name[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

}  // namespace roost::process
