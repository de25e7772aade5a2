#include "api/http/input.h"

#include <fmt/core.h>

namespace roost::api {

tl::unexpected<Answer> wrong_input(std::string_view field, std::string_view what) {
  return tl::unexpected<Answer>(problem(422, fmt::format("{}: {}", field, what), field));
}

}  // namespace roost::api
