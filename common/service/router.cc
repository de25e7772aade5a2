#include "common/service/router.h"

#include <array>
#include <utility>

#include "common/base/check.h"
#include "common/http/uri.h"

namespace roost::service {
namespace {

/// The segments of a path, "/a/b/" to a, b: views of it, or of what they were decoded to.
class Segments {
 public:
  /// False when there are too many, or one in the middle is empty.
  bool split(std::string_view path) {
    if (!path.starts_with('/')) return false;
    path.remove_prefix(1);
    while (!path.empty()) {
      const size_t slash = path.find('/');
      const std::string_view segment = path.substr(0, slash);
      if (segment.empty() || size_ == Router::kMaxSegments) return false;
      segments_[size_++] = segment;
      path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return true;
  }
  /// Percent-decodes each; false when an escape is malformed.
  bool decode() {
    for (size_t i = 0; i < size_; ++i) {
      if (segments_[i].find('%') == std::string_view::npos) continue;
      auto decoded = http::percent_decode(segments_[i]);
      if (!decoded) return false;
      decoded_.reserve(Router::kMaxSegments);  // the views of them must stay valid
      segments_[i] = decoded_.emplace_back(std::move(*decoded));
    }
    return true;
  }
  size_t size() const { return size_; }
  std::string_view operator[](size_t i) const { return segments_[i]; }
  bool match(const std::vector<std::string>& pattern) const {
    if (pattern.size() != size_) return false;
    for (size_t i = 0; i < size_; ++i) {
      if (!pattern[i].empty() && pattern[i] != segments_[i]) return false;
    }
    return true;
  }

 private:
  std::array<std::string_view, Router::kMaxSegments> segments_;
  std::vector<std::string> decoded_;
  size_t size_ = 0;
};

std::string_view method_name(http::Method method) {
  switch (method) {
    case http::Method::get:
      return "GET, HEAD";
    case http::Method::post:
      return "POST";
    case http::Method::put:
      return "PUT";
    case http::Method::patch:
      return "PATCH";
    case http::Method::delete_:
      return "DELETE";
    default:
      return "";
  }
}

}  // namespace

Router::Router(Action not_found) : not_found_(std::move(not_found)) {
  if (not_found_) return;
  not_found_ = [](Request&, Reply reply) { reply.send(problem(404, "There is nothing at this path.")); };
}

void Router::add(http::Method method, std::string_view pattern, Action action) {
  Segments segments;
  ROOST_CHECK(segments.split(pattern));
  Route route{method, std::string(pattern), {}, std::move(action)};
  for (size_t i = 0; i < segments.size(); ++i)
    route.segments.emplace_back(segments[i].starts_with('{') ? std::string_view() : segments[i]);
  routes_.push_back(std::move(route));
}

void Router::add_for_any_path(http::Method method, Action action) {
  method_routes_.push_back({method, std::move(action)});
}

const Action* Router::find_for_any_path(http::Method method) const {
  for (const MethodRoute& route : method_routes_) {
    if (route.method == method) return &route.action;
  }
  return nullptr;
}

Router::Match Router::find(http::Method method, std::string_view path) const {
  Match match;
  Segments segments;
  if (!segments.split(path)) return match;
  if (!segments.decode()) {
    match.malformed = true;
    return match;
  }
  const http::Method wanted = method == http::Method::head ? http::Method::get : method;
  for (const Route& route : routes_) {
    if (!segments.match(route.segments)) continue;
    if (route.method != wanted) {
      const std::string_view name = method_name(route.method);  // two patterns that match may both have it
      if (match.allow.find(name) == std::string::npos)
        match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
      continue;
    }
    match.action = &route.action;
    match.pattern = route.pattern;
    for (size_t i = 0; i < segments.size(); ++i) {
      if (route.segments[i].empty()) match.captures.emplace_back(segments[i]);
    }
    return match;
  }
  return match;
}

void Router::dispatch(Request& request, Reply reply) const {
  if (const Action* action = find_for_any_path(request.method)) return (*action)(request, std::move(reply));
  Match match = find(request.method, request.path);
  if (match.malformed) return reply.send(problem(400, "The path holds a malformed escape."));
  if (match.action != nullptr) {
    request.captures = std::move(match.captures);
    request.endpoint = match.pattern;
    return (*match.action)(request, std::move(reply));
  }
  if (match.allow.empty()) return not_found_(request, std::move(reply));
  Answer answer = request.method == http::Method::options
                      ? uncached_json(204, "")
                      : problem(405, "This path does not take " + request.method_text + ".");
  answer.fields.add("Allow", match.allow);
  reply.send(std::move(answer));
}

}  // namespace roost::service
