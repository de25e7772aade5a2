#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/result.h"

namespace roost::api {

/// Access tokens: JWT (RFC 7519) signed with HS256, with the claims sub (the user's id), iat and exp. Whoever has the
/// key makes tokens, so its file is for its owner alone; all workers of a service share it. Immutable; any thread.
class Tokens {
 public:
  static constexpr size_t kMaxTokenBytes = 4096;
  static constexpr size_t kKeyBytes = 32;

  /// Reads the key from `path`, or makes one when there is no such file. Workers that start together end up with the
  /// same key. The error says what is wrong with the file.
  static Result<Tokens> open(const std::string& path, int64_t lifetime_ms);
  /// With a key that is there already, at least kKeyBytes.
  Tokens(std::string key, int64_t lifetime_ms);

  std::string issue(int64_t user_id, int64_t now_unix_ms) const;
  /// Whose token it is. Nothing when it is not one of ours, was altered, names another algorithm, or has expired.
  std::optional<int64_t> user_of(const std::string& token, int64_t now_unix_ms) const;

 private:
  std::string key_;
  int64_t lifetime_ms_;
};

}  // namespace roost::api
