#include "proxy/fetching/believed_origin.h"

#include <algorithm>

namespace roost::proxy {

namespace {

std::string_view last_value(const http::Fields& fields, http::FieldId id) {
  std::string_view last;
  for (const http::Field& field : fields) {
    if (field.id != id) continue;
    http::for_each_list_element(field.value, [&last](std::string_view value) { last = value; });
  }
  return last;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~:[]").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view believed_scheme(const http::Fields& fields, std::string_view own) {
  const std::string_view said = last_value(fields, http::FieldId::x_forwarded_proto);
  for (const std::string_view known : {"http", "https"}) {
    if (http::equals_ignore_case(said, known)) return known;
  }
  return own;
}

std::string_view believed_host(const http::Fields& fields) {
  const std::string_view said = last_value(fields, http::FieldId::x_forwarded_host);
  return std::all_of(said.begin(), said.end(), is_host_character) ? said : std::string_view();
}

}  // namespace roost::proxy
