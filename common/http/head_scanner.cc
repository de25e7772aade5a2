#include "common/http/head_scanner.h"

#include <algorithm>
#include <cstring>

namespace roost::http {

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes) {
  while (true) {
    const uint32_t from = std::max(searched_, line_start_);
    const void* found = from < bytes.size() ? std::memchr(bytes.data() + from, '\n', bytes.size() - from) : nullptr;
    if (found == nullptr) {
      searched_ = static_cast<uint32_t>(bytes.size());
      return Verdict::incomplete;
    }
    const auto line_feed = static_cast<uint32_t>(static_cast<const char*>(found) - bytes.data());
    if (line_feed == line_start_ || bytes[line_feed - 1] != '\r') return Verdict::bare_line_feed;
    const std::string_view line = bytes.substr(line_start_, line_feed - 1 - line_start_);
    if (line.find('\r') != std::string_view::npos) return Verdict::bare_carriage_return;
    const bool first = line_start_ == 0;
    if (!first && !line.empty() && (line.front() == ' ' || line.front() == '\t')) return Verdict::folded_line;
    line_start_ = line_feed + 1;
    if (line.empty()) return Verdict::complete;
  }
}

}  // namespace roost::http
