#include "proxy/config/error_page_section.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace roost::proxy {

void ErrorPageSection::declare(config::Section& section) {
  section.number("status", &status, {0, 599}, "of the error, 400 to 599; 0 for every error without a page of its own")
      .text("file", &file, "an HTML page; {status}, {title}, {detail} and {request_id} in it are replaced");
}

std::string ErrorPageSection::read() {
  if (status != 0 && status < 400) return fmt::format("an [[error_page]] has status {}: expected 400 to 599", status);
  if (file.empty()) return "an [[error_page]] needs a file";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file.c_str(), "rbe"), std::fclose);
  if (!opened) return fmt::format("error page {}: {}", file, std::strerror(errno));
  text.resize(kMaxBytes + 1);
  text.resize(std::fread(text.data(), 1, text.size(), opened.get()));
  if (std::ferror(opened.get()) != 0) return fmt::format("error page {}: {}", file, std::strerror(errno));
  if (text.empty()) return fmt::format("error page {}: the file is empty", file);
  if (text.size() > kMaxBytes) return fmt::format("error page {}: over {} bytes", file, kMaxBytes);
  return {};
}

}  // namespace roost::proxy
