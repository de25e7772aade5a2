#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/exchange.h"
#include "api/http/request.h"
#include "common/http/message.h"

namespace roost::api {

/// Answers one request, now or later, through the Reply.
using Action = std::function<void(Request& request, Reply reply)>;

/// Which function answers which method and path. Filled before serving, then only read.
class Routes {
 public:
  static constexpr size_t kMaxSegments = 8;

  /// `pattern`: "/api/tweets/{id}": each {…} takes one segment. Patterns added earlier win.
  void add(http::Method method, std::string_view pattern, Action action);

  /// What was found. Without an action: `allow` lists the methods the path has (405), or is empty (404).
  struct Match {
    const Action* action = nullptr;
    std::vector<std::string> captures;
    std::string allow;
    bool malformed = false;  ///< a bad escape in the path (400)
  };
  /// A slash at the end makes no difference; segments are percent-decoded after they are told apart. HEAD is answered
  /// as GET.
  Match find(http::Method method, std::string_view path) const;

  /// The methods that a path has, as Allow lists them; empty when there is no such path.
  std::string allowed(std::string_view path) const { return find(http::Method::other, path).allow; }

  /// Answers the request through the action found, or with 400, 404 or 405; OPTIONS with the methods there are.
  void dispatch(Request& request, Reply reply) const;

 private:
  struct Route {
    http::Method method;
    std::vector<std::string> segments;  // empty text: a capture
    Action action;
  };
  std::vector<Route> routes_;
};

}  // namespace roost::api
