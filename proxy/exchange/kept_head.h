#pragma once

#include <string>

#include "common/http/message.h"

namespace roost::proxy {

/// A copy of a request's head that outlives the call it was handed over in: for judging the response to it, and for
/// telling variants apart. Used again and again; keeps its capacity.
class KeptHead {
 public:
  KeptHead() = default;
  KeptHead(const KeptHead&) = delete;
  KeptHead& operator=(const KeptHead&) = delete;

  void keep(const http::RequestHead& head);
  /// The same, but as a GET: what a HEAD is answered from.
  void keep_as_get(const http::RequestHead& head);
  const http::RequestHead& head() const { return head_; }
  const http::Fields& fields() const { return head_.fields; }

 private:
  std::string text_;
  http::RequestHead head_;
};

}  // namespace roost::proxy
