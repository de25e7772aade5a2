#pragma once

#include <string>
#include <string_view>

namespace roost::proxy {

/// What an error page shows.
struct PageText {
  int status = 500;
  std::string_view title;   ///< "Bad Gateway"
  std::string_view detail;  ///< one sentence
  std::string_view request_id;
};

/// The page that browsers get where the configuration has no other: no script, nothing to load, light and dark.
std::string_view standard_page();

/// `page`, a UTF-8 HTML document, with {status}, {title}, {detail} and {request_id} replaced, escaped for HTML. Other
/// braces stay as they are.
std::string render_page(std::string_view page, const PageText& text);

/// Whether an Accept field asks for HTML rather than JSON: it names text/html or application/xhtml+xml, with no lower
/// weight than any kind of JSON (RFC 9110 §12.5.1). Browsers do when they open a page; what only accepts */* does not.
bool prefers_page(std::string_view accept);

}  // namespace roost::proxy
