#include "api/accounts/tokens.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <jwt.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/http/text.h"
#include "common/base/check.h"

namespace roost::api {
namespace {

struct FreeJwt {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};
using JwtPtr = std::unique_ptr<jwt_t, FreeJwt>;

/// Closes its descriptor.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_key(const std::string& path) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return fail_errno("creating " + path, errno);
  ROOST_CHECK(sodium_init() >= 0);
  std::array<unsigned char, Tokens::kKeyBytes> key;
  randombytes_buf(key.data(), key.size());
  errno = ENOSPC;
  if (::write(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    return fail_errno("writing " + path, errno);
  if (::fsync(file.fd()) != 0) return fail_errno("writing " + path, errno);
  return {};
}

/// Creates a key at `path` unless another worker has done so. A link, not a rename, which would replace the key that
/// the other worker already uses.
Result<void> make_key(const std::string& path) {
  const std::string part = fmt::format("{}.{}", path, ::getpid());
  ::unlink(part.c_str());  // left by a killed process with the same id
  if (auto written = write_key(part); !written) return written;
  const int linked = ::link(part.c_str(), path.c_str());
  const int error = errno;
  ::unlink(part.c_str());
  if (linked != 0 && error != EEXIST) return fail_errno("creating " + path, error);
  return {};
}

Result<std::string> read_key(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return fail_errno("opening " + path, errno);
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return fail_errno("opening " + path, errno);
  if (!is_private(status.st_mode, status.st_uid, ::geteuid()))
    return fail(path +
                ": others may read this key, so tokens can be forged; \"chmod 600\" it, or delete it for a new one");
  std::string key(4096, '\0');
  const ssize_t size = ::read(file.fd(), key.data(), key.size());
  if (size < 0) return fail_errno("reading " + path, errno);
  key.resize(static_cast<size_t>(size));
  if (key.size() < Tokens::kKeyBytes)
    return fail(fmt::format("{}: a key of {} bytes, at least {} are needed; delete it for a new one", path, key.size(),
                            Tokens::kKeyBytes));
  return key;
}

}  // namespace

bool is_private(mode_t mode, uid_t owner, uid_t reader) {
  const mode_t others = owner == 0 && reader != 0 ? 037 : 077;
  return (mode & others) == 0;
}

Result<Tokens> Tokens::open(const std::string& path, int64_t lifetime_ms) {
  if (::access(path.c_str(), F_OK) != 0) {
    if (auto made = make_key(path); !made) return tl::unexpected<Error>(made.error());
  }
  auto key = read_key(path);
  if (!key) return tl::unexpected<Error>(key.error());
  return Tokens(std::move(*key), lifetime_ms);
}

Tokens::Tokens(std::string key, int64_t lifetime_ms) : key_(std::move(key)), lifetime_ms_(lifetime_ms) {
  ROOST_CHECK(key_.size() >= kKeyBytes);
}

std::string Tokens::issue(int64_t user_id, int64_t now_unix_ms) const {
  jwt_t* raw = nullptr;
  ROOST_CHECK(jwt_new(&raw) == 0);
  const JwtPtr jwt(raw);
  ROOST_CHECK(jwt_set_alg(raw, JWT_ALG_HS256, reinterpret_cast<const unsigned char*>(key_.data()),
                          static_cast<int>(key_.size())) == 0);
  ROOST_CHECK(jwt_add_grant(raw, "sub", std::to_string(user_id).c_str()) == 0);
  ROOST_CHECK(jwt_add_grant_int(raw, "iat", now_unix_ms / 1000) == 0);
  ROOST_CHECK(jwt_add_grant_int(raw, "exp", (now_unix_ms + lifetime_ms_) / 1000) == 0);
  const std::unique_ptr<char, decltype(&std::free)> text(jwt_encode_str(raw), &std::free);
  ROOST_CHECK(text != nullptr);
  return text.get();
}

std::optional<int64_t> Tokens::user_of(const std::string& token, int64_t now_unix_ms) const {
  if (token.size() > kMaxTokenBytes || token.find('\0') != std::string::npos) return std::nullopt;
  jwt_t* raw = nullptr;
  const int failed = jwt_decode(&raw, token.c_str(), reinterpret_cast<const unsigned char*>(key_.data()),
                                static_cast<int>(key_.size()));
  const JwtPtr jwt(raw);
  // Only the algorithm of issue(): neither "none" nor one that would interpret the key differently.
  if (failed != 0 || raw == nullptr || jwt_get_alg(raw) != JWT_ALG_HS256) return std::nullopt;
  const long expires_s = jwt_get_grant_int(raw, "exp");
  const char* subject = jwt_get_grant(raw, "sub");
  if (subject == nullptr || now_unix_ms / 1000 >= expires_s) return std::nullopt;
  return parse_id(subject);
}

}  // namespace roost::api
