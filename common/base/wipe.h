#pragma once

#include <cstring>
#include <string>

namespace roost {

/// Overwrites a text that holds a secret, such as a password, before its memory is released. It is empty afterwards.
inline void wipe(std::string& secret) {
  ::explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace roost
