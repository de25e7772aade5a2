#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "api/http/input.h"

namespace roost::api {

/// The limits of a text field. Lengths are in code points, both included.
struct TextRule {
  std::string_view name;
  size_t least_characters = 0;  ///< 0: the field may be missing, null or empty
  size_t most_characters = 0;
  bool lines_allowed = false;  ///< line ends and tabs; other control characters never are
};

/// The text, or 422 naming the field and the rule it breaks.
Input<std::string> check_text(std::string text, const TextRule& rule);

/// A body that is one JSON object.
class JsonBody {
 public:
  /// 415 when the Content-Type is not JSON; 422 naming "body" when the body is no JSON object in UTF-8. Without a
  /// Content-Type, JSON is assumed.
  static Input<JsonBody> read(const Request& request);
  JsonBody(JsonBody&&) = default;
  JsonBody& operator=(JsonBody&&) = default;
  /// Overwrites the texts: some are passwords.
  ~JsonBody();

  /// One field, checked; empty when it is missing and optional. Else 422 naming it.
  Input<std::string> text(const TextRule& rule) const;

 private:
  explicit JsonBody(nlohmann::json object) : object_(std::move(object)) {}
  nlohmann::json object_;
};

/// The media type of a Content-Type, without parameters and in lower case.
std::string media_type(std::string_view content_type);

/// 415 naming the media type that is expected.
Answer unsupported_media_type(std::string_view expected);

}  // namespace roost::api
