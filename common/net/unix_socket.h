#pragma once

#include <cstddef>
#include <string>

#include "common/base/result.h"

namespace roost::net {

/// The longest path of a Unix socket (sockaddr_un, without the NUL).
constexpr size_t kMaxSocketPathBytes = 107;

/// Binds a stream socket to a path, for its owner alone (mode 0600), and listens. The file of a process that has ended
/// is replaced. The error names the path and says whether a process listens there. Any thread.
Result<int> listen_on_path(const std::string& path);

}  // namespace roost::net
