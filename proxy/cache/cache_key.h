#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/http/fields.h"
#include "common/http/message.h"

namespace roost::proxy {

/// What a response is stored and fetched under (RFC 9111 §2): the URL and, where its responses vary (§4.1), the
/// request's values of the fields that Vary names, a line each. The URL is host and target, host in lower case and
/// without the scheme's default port; any scheme but http stands before it.
///
///     example.org/tweets?limit=50            http://example.org/tweets?limit=50
///     https example.org/tweets?limit=50      https://example.org/tweets?limit=50; no host holds a blank
///     example.org/tweets?limit=50\naccept-encoding=br
///                                            a variant of the first; no target holds a line feed
///
/// The method is no part of it: only answers to GET are stored, and they answer HEAD as well. A key that is assigned
/// again keeps its buffer, so the next one of that size does not allocate.
class CacheKey {
 public:
  /// The URL of a request.
  void assign(const http::RequestHead& head) { assign(head.scheme, head.authority, head.target); }
  /// `scheme` in lower case.
  void assign(std::string_view scheme, std::string_view authority, std::string_view target);
  /// An absolute http or https URL, without its fragment. False for anything else; the key is undefined then.
  bool assign_url(std::string_view url);
  void clear();

  /// Makes it the key of the variant that a request with these fields selects; see append_variant().
  void select_variant(std::string_view vary, const http::Fields& request_fields);
  /// The same, from what append_variant() wrote.
  void set_variant(std::string_view variant);
  void drop_variant() { text_.resize(url_bytes_); }

  bool empty() const { return text_.empty(); }
  bool is_variant() const { return text_.size() > url_bytes_; }
  /// All of it, as entries are stored and fetches are listed under.
  std::string_view text() const { return text_; }
  std::string_view url() const { return std::string_view(text_).substr(0, url_bytes_); }
  std::string_view variant() const { return std::string_view(text_).substr(url_bytes_); }
  /// Scheme, host and port: what cache tags belong to (RFC 9875).
  std::string_view origin() const { return origin_of(text_); }

  /// The same parts of a key's text.
  static std::string_view url_of(std::string_view text) { return text.substr(0, text.find('\n')); }
  static std::string_view origin_of(std::string_view text) { return text.substr(0, text.find('/')); }

 private:
  std::string text_;
  size_t url_bytes_ = 0;
};

/// Appends a variant: for each name in the list `vary` a line feed, the name in lower case and, when the request has
/// the field, '=' and all its values joined, white space normalised. An absent field matches only an absent one.
void append_variant(std::string_view vary, const http::Fields& request_fields, std::string& variant);

}  // namespace roost::proxy
