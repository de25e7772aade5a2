#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "common/base/result.h"

namespace roost::process {

/// The first descriptor that a service manager passes (SD_LISTEN_FDS_START).
constexpr int kFirstPassedDescriptor = 3;
/// Most descriptors that are taken.
constexpr int kMaxPassedDescriptors = 1024;

/// A descriptor that the service manager opened for this process.
struct PassedDescriptor {
  int fd = -1;
  std::string name;  ///< FileDescriptorName=, by default the name of the socket unit; may be empty
  bool operator==(const PassedDescriptor&) const = default;
};

/// What `environment` (NAME=value entries, ended by null) says of the descriptors passed to process `pid`, in the form
/// of sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES. None if the variables are absent or meant for another
/// process. The error names the variable that is malformed. Pure: looks at no descriptor.
Result<std::vector<PassedDescriptor>> passed_descriptors(const char* const* environment, pid_t pid);

/// Sends a state such as "READY=1" or "STOPPING=1" to the service manager that waits for it, in the form of
/// sd_notify(3): to the Unix socket that $NOTIFY_SOCKET names, a path or "@" and an abstract name. Without that
/// variable nothing is done, and a manager that does not listen is no error. Never blocks; any thread.
void notify_supervisor(std::string_view state);

}  // namespace roost::process
