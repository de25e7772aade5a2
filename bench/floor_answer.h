// What every floor program answers to everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roost::bench {

constexpr uint64_t kMaxBodySize = 64 << 20;

inline std::string floor_answer(size_t body_size) {
  return "HTTP/1.1 200 OK\r\nServer: floor\r\nContent-Type: text/plain\r\nCache-Control: public, max-age=60\r\n"
         "Content-Length: " +
         std::to_string(body_size) + "\r\n\r\n" + std::string(body_size, 'x');
}

// Whether `bytes` end with the empty line behind the fields of a request without a body.
inline bool ends_request(std::string_view bytes) {
  return bytes.ends_with("\r\n\r\n");
}

}  // namespace roost::bench
