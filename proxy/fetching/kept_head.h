#pragma once

#include <string>

#include "common/http/message.h"
#include "proxy/fetching/forwarded_head.h"

namespace roost::proxy {

/// A copy of a request's head, and of where it came from, that outlives the on_request call: for forwarding it, judging
/// the response and telling variants apart. Keeps its buffer when it is used again.
class KeptHead {
 public:
  KeptHead() = default;
  KeptHead(const KeptHead&) = delete;
  KeptHead& operator=(const KeptHead&) = delete;

  void keep(const http::RequestHead& head, const Origin& origin = {});
  /// The same, but as a GET: what a HEAD is answered from.
  void keep_as_get(const http::RequestHead& head, const Origin& origin = {});
  const http::RequestHead& head() const { return head_; }
  const http::Fields& fields() const { return head_.fields; }
  const Origin& origin() const { return origin_; }

 private:
  std::string text_;
  http::RequestHead head_;
  Origin origin_;
};

}  // namespace roost::proxy
