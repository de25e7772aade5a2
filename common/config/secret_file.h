#pragma once

#include <cstddef>
#include <string>

#include "common/base/result.h"

namespace roost::config {

/// Longest secret that is read from a file.
constexpr size_t kMaxSecretBytes = 64 * 1024;

/// The content of a file that holds one secret, without the line ends at its end: how container engines, Kubernetes and
/// systemd hand secrets over. The error says what is wrong with the file.
Result<std::string> read_secret(const std::string& path);

}  // namespace roost::config
