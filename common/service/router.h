#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"
#include "common/service/reply.h"
#include "common/service/request.h"

namespace roost::service {

/// Answers one request, now or later, through the Reply.
using Action = std::function<void(Request& request, Reply reply)>;

/// Maps methods and paths to actions. Filled before serving, read-only afterwards.
class Router {
 public:
  static constexpr size_t kMaxSegments = 8;

  /// `not_found` answers requests for unknown paths; without it they are answered 404.
  explicit Router(Action not_found = nullptr);

  /// `pattern`: "/api/tweets/{id}": each {…} matches one segment. Patterns added earlier win.
  void add(http::Method method, std::string_view pattern, Action action);
  /// Every request of this method, whatever its path, goes to `action`.
  void add_for_any_path(http::Method method, Action action);

  /// The result of a search. Without an action: `allow` lists the methods the path has (405), or is empty (404).
  struct Match {
    const Action* action = nullptr;
    std::string_view pattern;  ///< of the route
    std::vector<std::string> captures;
    std::string allow;
    bool malformed = false;  ///< a bad escape in the path (400)
  };
  /// A trailing slash makes no difference; segments are percent-decoded after the path has been split. HEAD is answered
  /// as GET.
  Match find(http::Method method, std::string_view path) const;

  /// The methods of a path, as Allow lists them; empty when there is no such path.
  std::string allowed(std::string_view path) const { return find(http::Method::other, path).allow; }

  /// Answers the request through the action found, or with 400, 404 or 405; OPTIONS with the methods there are.
  void dispatch(Request& request, Reply reply) const;

 private:
  struct Route {
    http::Method method;
    std::string pattern;
    std::vector<std::string> segments;  // empty text: a capture
    Action action;
  };
  struct MethodRoute {
    http::Method method;
    Action action;
  };
  const Action* find_for_any_path(http::Method method) const;

  Action not_found_;
  std::vector<Route> routes_;
  std::vector<MethodRoute> method_routes_;
};

}  // namespace roost::service
