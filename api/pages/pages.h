#pragma once

#include "api/http/service.h"

namespace roost::api {

/// The web pages: one HTML page for all of their addresses (its script shows the view), and its files below
/// /assets/<version>/. The page is cacheable for a minute, the files of this worker's version for a year. Requests for
/// another version, as during an upgrade, get this worker's files with `no-store`. Stateless.
class Pages {
 public:
  static void add_to(Router& router);
  /// Answers with the page; also for /logs, when a browser asks for it.
  static void show(const Request& request, Reply reply);
  /// 404, cacheable for kNotFoundMaxAgeS: the page for a browser (Accept lists text/html) that asks for a path outside
  /// the API, where its script says that there is nothing; a problem for everybody else.
  static void answer_not_found(const Request& request, Reply reply);
};

}  // namespace roost::api
