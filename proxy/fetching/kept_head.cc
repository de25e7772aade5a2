#include "proxy/fetching/kept_head.h"

namespace roost::proxy {

void KeptHead::keep(const http::RequestHead& head, const Origin& origin) {
  size_t bytes = head.method_text.size() + head.target.size() + head.authority.size();
  bytes += origin.client.size() + origin.request_id.size();
  for (const http::Field& field : head.fields) bytes += field.name.size() + field.value.size();
  text_.clear();
  text_.reserve(bytes);  // the views below stay where they are
  const auto copy = [&](std::string_view part) {
    const size_t at = text_.size();
    text_.append(part);
    return std::string_view(text_).substr(at, part.size());
  };
  head_.method = head.method;
  head_.method_text = copy(head.method_text);
  head_.target = copy(head.target);
  head_.path = head_.target.substr(0, head.path.size());
  head_.query = head.query.empty() ? std::string_view() : head_.target.substr(head.path.size() + 1);
  head_.authority = copy(head.authority);
  head_.scheme = head.scheme;
  head_.protocol = head.protocol;
  head_.expect_continue = head.expect_continue;
  head_.body = head.body;
  origin_ = origin;
  origin_.client = copy(origin.client);
  origin_.request_id = copy(origin.request_id);
  head_.fields.clear();
  for (const http::Field& field : head.fields) {
    const std::string_view name = copy(field.name);
    head_.fields.add(name, copy(field.value));
  }
}

void KeptHead::keep_as_get(const http::RequestHead& head, const Origin& origin) {
  keep(head, origin);
  head_.method = http::Method::get;
  head_.method_text = "GET";
}

}  // namespace roost::proxy
