#include "common/http/date.h"

#include <cstring>
#include <ctime>

namespace roost::http {
namespace {

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a text from left to right; once something did not match, everything after fails too.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  void literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return give_up();
    rest_.remove_prefix(expected.size());
  }
  int number(size_t digits) {
    if (rest_.size() < digits) return give_up(), 0;
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      // asctime's day is padded with a space.
      const char c = rest_[i] == ' ' && i == 0 && digits == 2 ? '0' : rest_[i];
      if (c < '0' || c > '9') return give_up(), 0;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  int month() {
    for (int i = 0; i < 12; ++i) {
      if (!rest_.starts_with(kMonths[i])) continue;
      rest_.remove_prefix(3);
      return i;
    }
    return give_up(), 0;
  }
  void time(tm& at) {
    at.tm_hour = number(2);
    literal(":");
    at.tm_min = number(2);
    literal(":");
    at.tm_sec = number(2);
  }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  void give_up() {
    good_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool good_ = true;
};

std::optional<int64_t> seconds(tm at, const Reader& reader) {
  if (!reader.at_end() || at.tm_mday < 1 || at.tm_mday > 31 || at.tm_hour > 23 || at.tm_min > 59 || at.tm_sec > 60)
    return {};
  return timegm(&at);
}

}  // namespace

std::array<char, kHttpDateBytes> format_http_date(int64_t unix_s) {
  const time_t moment = unix_s;
  tm at{};
  gmtime_r(&moment, &at);
  std::array<char, kHttpDateBytes> out{};
  char* to = out.data();
  auto text = [&to](std::string_view piece) {
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  };
  auto digits = [&to](int value, int count) {
    for (int i = count; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
    to += count;
  };
  text(kDays[at.tm_wday]);
  text(", ");
  digits(at.tm_mday, 2);
  text(" ");
  text(kMonths[at.tm_mon]);
  text(" ");
  digits(at.tm_year + 1900, 4);
  text(" ");
  digits(at.tm_hour, 2);
  text(":");
  digits(at.tm_min, 2);
  text(":");
  digits(at.tm_sec, 2);
  text(" GMT");
  return out;
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  const size_t comma = text.find(',');
  tm at{};
  if (comma == 3) {  // Sun, 06 Nov 1994 08:49:37 GMT
    Reader reader(text.substr(4));
    reader.literal(" ");
    at.tm_mday = reader.number(2);
    reader.literal(" ");
    at.tm_mon = reader.month();
    reader.literal(" ");
    at.tm_year = reader.number(4) - 1900;
    reader.literal(" ");
    reader.time(at);
    reader.literal(" GMT");
    return seconds(at, reader);
  }
  if (comma != std::string_view::npos) {  // Sunday, 06-Nov-94 08:49:37 GMT
    Reader reader(text.substr(comma + 1));
    reader.literal(" ");
    at.tm_mday = reader.number(2);
    reader.literal("-");
    at.tm_mon = reader.month();
    reader.literal("-");
    const int year = reader.number(2);
    at.tm_year = year < 70 ? year + 100 : year;
    reader.literal(" ");
    reader.time(at);
    reader.literal(" GMT");
    return seconds(at, reader);
  }
  if (text.size() < 4) return {};
  Reader reader(text.substr(4));  // Sun Nov  6 08:49:37 1994
  at.tm_mon = reader.month();
  reader.literal(" ");
  at.tm_mday = reader.number(2);
  reader.literal(" ");
  reader.time(at);
  reader.literal(" ");
  at.tm_year = reader.number(4) - 1900;
  return seconds(at, reader);
}

std::string_view HttpDateCache::at_unix_ms(int64_t unix_ms) {
  const int64_t second = unix_ms / 1000;
  if (second != second_) {
    second_ = second;
    text_ = format_http_date(second);
  }
  return {text_.data(), text_.size()};
}

}  // namespace roost::http
