#include "api/routes.h"

#include <optional>

#include "api/answer.h"
#include "common/base/check.h"

namespace roost::api {
namespace {

using Segments = std::vector<std::string_view>;

/// "/a/b/" to a, b. Nothing when there are too many, or one in the middle is empty.
std::optional<Segments> split_path(std::string_view path) {
  Segments segments;
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segments.size() == Routes::kMaxSegments) return std::nullopt;
    segments.push_back(segment);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!pattern[i].empty() && pattern[i] != segments[i]) return false;
  }
  return true;
}

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

void Routes::add(http::Method method, std::string_view pattern, Action action) {
  const auto segments = split_path(pattern);
  ROOST_CHECK(segments);
  Route route{method, {}, std::move(action)};
  for (const std::string_view segment : *segments)
    route.segments.emplace_back(segment.starts_with('{') ? std::string_view() : segment);
  routes_.push_back(std::move(route));
}

Routes::Match Routes::find(http::Method method, std::string_view path) const {
  Match match;
  const auto raw = split_path(path);
  if (!raw) return match;
  std::vector<std::string> segments;
  for (const std::string_view segment : *raw) {
    auto decoded = percent_decode(segment);
    if (!decoded) {
      match.malformed = true;
      return match;
    }
    segments.push_back(std::move(*decoded));
  }
  const http::Method wanted = method == http::Method::head ? http::Method::get : method;
  for (const Route& route : routes_) {
    if (!fits(route.segments, segments)) continue;
    if (route.method != wanted) {
      const std::string_view name = method_name(route.method);  // a capture and its like may both have it
      if (match.allow.find(name) == std::string::npos)
        match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
      continue;
    }
    match.action = &route.action;
    for (size_t i = 0; i < segments.size(); ++i) {
      if (route.segments[i].empty()) match.captures.push_back(std::move(segments[i]));
    }
    return match;
  }
  return match;
}

void Routes::dispatch(Request& request, Reply reply) const {
  Match match = find(request.method, request.path);
  if (match.malformed) return reply.send(problem(400, "The path holds a malformed escape."));
  if (match.action != nullptr) {
    request.captures = std::move(match.captures);
    return (*match.action)(request, std::move(reply));
  }
  if (match.allow.empty()) return reply.send(not_found(request.method, "There is nothing at this path."));
  Answer answer = request.method == http::Method::options
                      ? uncached_json(204, "")
                      : problem(405, "This path does not take " + request.method_text + ".");
  answer.fields.add("Allow", match.allow);
  reply.send(std::move(answer));
}

}  // namespace roost::api
