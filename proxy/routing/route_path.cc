#include "proxy/routing/route_path.h"

#include <array>
#include <cstdint>

namespace roost::proxy {

namespace {

constexpr int kMaxRounds = 4;  // of decoding escapes that stand for escapes

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The byte that the escape at `at` stands for; -1 if there is none.
int escaped_byte(std::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_unreserved(int byte) {
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
         byte == '.' || byte == '_' || byte == '~';
}

bool ends_segment(char c) {
  return c == ';' || c == '?' || c == '#' || c == '\0';
}

// An escape that normal_path() and decoded_path() leave alone but for the decoding.
bool is_plain_escape(std::string_view path, size_t at) {
  const int byte = escaped_byte(path, at);
  if (byte < 0 || path[at + 1] > 'F' || path[at + 2] > 'F') return false;
  const char c = static_cast<char>(byte);
  return !is_unreserved(byte) && c != '/' && c != '\\' && c != '%' && !ends_segment(c);
}

enum class Kind : uint8_t { usual, slash, escape, odd };

constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  kinds['/'] = Kind::slash;
  kinds['%'] = Kind::escape;
  kinds[';'] = kinds['\\'] = Kind::odd;
  return kinds;
}();

// Calls use(segment) for each part between slashes; a leading slash begins the first.
template <class Use>
void for_each_segment(std::string_view path, Use&& use) {
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const size_t slash = path.find('/');
    use(path.substr(0, slash));
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

std::string decode_once(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    const int byte = escaped_byte(text, at);
    decoded.push_back(byte < 0 ? text[at] : static_cast<char>(byte));
    if (byte >= 0) at += 2;
  }
  return decoded;
}

// Unreserved characters decoded, other escapes in upper case.
std::string decode_unreserved(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    const int byte = escaped_byte(text, at);
    if (byte < 0) {
      decoded.push_back(text[at]);
      continue;
    }
    if (is_unreserved(byte)) {
      decoded.push_back(static_cast<char>(byte));
    } else {
      decoded.append({'%', kHex[byte / 16], kHex[byte % 16]});
    }
    at += 2;
  }
  return decoded;
}

}  // namespace

bool is_plain_path(std::string_view path) {
  for (size_t at = 0; at < path.size(); ++at) {
    switch (kKinds[static_cast<uint8_t>(path[at])]) {
      case Kind::usual:
        break;
      case Kind::slash:
        if (at + 1 < path.size() && (path[at + 1] == '/' || path[at + 1] == '.')) return false;
        break;
      case Kind::escape:
        if (!is_plain_escape(path, at)) return false;
        break;
      case Kind::odd:
        return false;
    }
  }
  return true;
}

std::string normal_path(std::string_view path) {
  std::string cut;
  for_each_segment(decode_unreserved(path),
                   [&cut](std::string_view segment) { cut.append("/").append(segment.substr(0, segment.find(';'))); });
  return resolve_dots(cut);
}

std::string decoded_path(std::string_view path) {
  std::string decoded(path);
  for (int round = 0; round < kMaxRounds && decoded.find('%') != std::string::npos; ++round) {
    decoded = decode_once(decoded);
  }
  for (char& c : decoded) {
    if (c == '\\') c = '/';
  }
  std::string cut;
  for_each_segment(decoded, [&cut](std::string_view segment) {
    size_t end = 0;
    while (end < segment.size() && !ends_segment(segment[end])) ++end;
    cut.append("/").append(segment.substr(0, end));
  });
  return cut;
}

std::string resolve_dots(std::string_view decoded) {
  std::string resolved;
  for_each_segment(decoded, [&resolved](std::string_view segment) {
    if (segment.empty() || segment == ".") return;
    if (segment == "..") {
      resolved.resize(resolved.empty() ? 0 : resolved.rfind('/'));
    } else {
      resolved.append("/").append(segment);
    }
  });
  return resolved.empty() ? "/" : resolved;
}

bool has_segments_in_order(std::string_view path, std::string_view prefix) {
  std::string_view wanted = prefix;
  const auto drop_slashes = [&wanted] {
    while (wanted.starts_with('/')) wanted.remove_prefix(1);
  };
  drop_slashes();
  for_each_segment(path, [&](std::string_view segment) {
    if (wanted.empty() || segment != wanted.substr(0, wanted.find('/'))) return;
    wanted.remove_prefix(segment.size());
    drop_slashes();
  });
  return wanted.empty();
}

}  // namespace roost::proxy
