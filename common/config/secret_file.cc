#include "common/config/secret_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>

#include <fmt/core.h>

namespace roost::config {

Result<std::string> read_secret(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) return fail_errno(path, errno);
  std::string text(kMaxSecretBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return fail(fmt::format("{}: cannot be read: is it a file?", path));
  if (text.size() > kMaxSecretBytes) return fail(fmt::format("{}: larger than {} bytes", path, kMaxSecretBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return fail(fmt::format("{}: there is nothing in it", path));
  return text;
}

}  // namespace roost::config
