#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "api/http/input.h"
#include "api/http/request.h"

namespace roost::api {

/// What a text field must be. Lengths are in code points, both included.
struct TextRule {
  std::string_view name;
  size_t least_characters = 0;  ///< 0: the field may be missing, null or empty
  size_t most_characters = 0;
  bool lines_allowed = false;  ///< line ends and tabs; other control characters never are
};

/// What of a text breaks the rule: 422 naming the field; else the text.
Input<std::string> check_text(std::string text, const TextRule& rule);

/// A body that is one JSON object.
class JsonBody {
 public:
  /// 415 when the request says that its body is something else than JSON; 422 naming "body" when it is no JSON object
  /// in UTF-8. A request that does not say what its body is, is taken to have JSON.
  static Input<JsonBody> read(const Request& request);

  /// One field, checked; empty when it is missing and may be. Else 422 naming it.
  Input<std::string> text(const TextRule& rule) const;

 private:
  explicit JsonBody(nlohmann::json object) : object_(std::move(object)) {}
  nlohmann::json object_;
};

/// The media type of a Content-Type, without parameters and in lower case.
std::string media_type(std::string_view content_type);

/// 415 with what would have been right.
Answer unsupported_media_type(std::string_view expected);

}  // namespace roost::api
