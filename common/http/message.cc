#include "common/http/message.h"

#include <array>
#include <cstddef>

namespace roost::http {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

// The registry of IANA, in order.
constexpr Reason kReasons[] = {{100, "Continue"},
                               {101, "Switching Protocols"},
                               {102, "Processing"},
                               {103, "Early Hints"},
                               {200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {203, "Non-Authoritative Information"},
                               {204, "No Content"},
                               {205, "Reset Content"},
                               {206, "Partial Content"},
                               {207, "Multi-Status"},
                               {300, "Multiple Choices"},
                               {301, "Moved Permanently"},
                               {302, "Found"},
                               {303, "See Other"},
                               {304, "Not Modified"},
                               {307, "Temporary Redirect"},
                               {308, "Permanent Redirect"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {402, "Payment Required"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {406, "Not Acceptable"},
                               {407, "Proxy Authentication Required"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {411, "Length Required"},
                               {412, "Precondition Failed"},
                               {413, "Content Too Large"},
                               {414, "URI Too Long"},
                               {415, "Unsupported Media Type"},
                               {416, "Range Not Satisfiable"},
                               {417, "Expectation Failed"},
                               {421, "Misdirected Request"},
                               {422, "Unprocessable Content"},
                               {425, "Too Early"},
                               {426, "Upgrade Required"},
                               {428, "Precondition Required"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {451, "Unavailable For Legal Reasons"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"},
                               {505, "HTTP Version Not Supported"},
                               {507, "Insufficient Storage"},
                               {508, "Loop Detected"},
                               {511, "Network Authentication Required"}};

constexpr auto kPhrases = [] {
  std::array<std::string_view, 600> phrases{};
  for (const auto& [status, phrase] : kReasons) phrases[static_cast<size_t>(status)] = phrase;
  return phrases;
}();

}  // namespace

bool is_safe(Method method) {
  return method == Method::get || method == Method::head || method == Method::options || method == Method::trace;
}

bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::put || method == Method::delete_;
}

std::string_view reason_phrase(int status) {
  const bool known = status >= 0 && static_cast<size_t>(status) < kPhrases.size();
  const std::string_view phrase = known ? kPhrases[static_cast<size_t>(status)] : std::string_view();
  return phrase.empty() ? "Unknown" : phrase;
}

namespace {

template <class Visit>
void for_each_connection_option(const Fields& fields, Visit&& visit) {
  for (const Field& field : fields) {
    if (field.id == FieldId::connection) for_each_list_element(field.value, visit);
  }
}

}  // namespace

HopByHopFields::HopByHopFields(const Fields& fields) : fields_(fields) {
  if (!fields.has(FieldId::connection)) return;
  for_each_connection_option(fields, [this](std::string_view option) {
    if (option_count_ < kMaxOptions) options_[option_count_] = option;
    ++option_count_;
  });
}

bool HopByHopFields::is_always_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return true;
    default:
      return false;
  }
}

bool HopByHopFields::is_listed(std::string_view name) const {
  bool listed = false;
  if (option_count_ > kMaxOptions) {
    for_each_connection_option(fields_, [&](std::string_view option) { listed |= equals_ignore_case(option, name); });
    return listed;
  }
  for (size_t i = 0; i < option_count_; ++i) listed |= equals_ignore_case(options_[i], name);
  return listed;
}

}  // namespace roost::http
