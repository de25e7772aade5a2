#include "common/http/http1/head_scanner.h"

#include <algorithm>
#include <cstring>

namespace roost::http {

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes) {
  const char* data = bytes.data();
  while (true) {
    const uint32_t from = std::max(searched_, line_start_);
    const void* found = from < bytes.size() ? std::memchr(data + from, '\n', bytes.size() - from) : nullptr;
    if (found == nullptr) {
      searched_ = static_cast<uint32_t>(bytes.size());
      return Verdict::incomplete;
    }
    const auto line_feed = static_cast<uint32_t>(static_cast<const char*>(found) - data);
    if (line_feed == line_start_ || data[line_feed - 1] != '\r') return Verdict::bare_line_feed;
    const bool empty = line_feed == line_start_ + 1;
    const bool folded = line_start_ > 0 && (data[line_start_] == ' ' || data[line_start_] == '\t');
    if (folded) return Verdict::folded_line;
    line_start_ = line_feed + 1;
    if (empty) return Verdict::complete;
  }
}

}  // namespace roost::http
