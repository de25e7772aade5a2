#pragma once

#include "api/http/service.h"

namespace roost::api {

/// The web pages: one HTML page that is the answer at every address of theirs (its script shows the right view), and
/// the files it needs below /assets/<version>/. The page may be kept for a minute. The files of this worker's version
/// may be kept for a year; asked for those of another, as while workers are being replaced, it answers with its own and
/// nobody may keep that. Stateless.
class Pages {
 public:
  static void add_to(Router& router);
  /// Answers with the page; /logs, which is also read by programs, goes through here.
  static void show(const Request& request, Reply reply);
};

}  // namespace roost::api
