#pragma once

#include <string_view>

#include "api/exchange.h"
#include "api/routes.h"

namespace roost::api {

/// The web pages and what belongs to them. `/` is the timeline, /assets/… the rest; all may be kept for a minute and
/// are revalidated by ETag. Stateless.
class Pages {
 public:
  static void add_to(Routes& routes);
  /// Answers with one of the HTML pages, such as "/assets/logs.html".
  static void show(std::string_view path, const Request& request, Reply reply);
};

}  // namespace roost::api
