#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "common/base/result.h"

namespace roost::api {

/// Access tokens: JWT (RFC 7519) signed with HS256, with the claims sub (the user's id), iat and exp. The key
/// signs tokens, so its file must be private (is_private); all workers of a service share it. Immutable; any
/// thread.
class Tokens {
 public:
  static constexpr size_t kMaxTokenBytes = 4096;
  static constexpr size_t kKeyBytes = 32;

  /// Reads the key from `path`, or creates one when there is no such file; workers that start together get the same
  /// key. The error says what is wrong with the file.
  static Result<Tokens> open(const std::string& path, int64_t lifetime_ms);
  /// With a given key of at least kKeyBytes.
  Tokens(std::string key, int64_t lifetime_ms);

  std::string issue(int64_t user_id, int64_t now_unix_ms) const;
  /// The user's id. Nothing when the token is malformed, has a wrong signature or another algorithm, or has expired.
  std::optional<int64_t> user_of(const std::string& token, int64_t now_unix_ms) const;

 private:
  std::string key_;
  int64_t lifetime_ms_;
};

/// Whether a file with a key is readable by nobody but `reader`, who uses it: by its owner only, or, where root owns it
/// and `reader` is not root, by its group too. So container engines and Kubernetes hand secrets over. Pure.
bool is_private(mode_t mode, uid_t owner, uid_t reader);

}  // namespace roost::api
