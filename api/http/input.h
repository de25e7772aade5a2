#pragma once

#include <string_view>

#include "api/http/answer.h"

namespace roost::api {

/// What was read from a request, or the answer that says what is wrong with it.
template <class T>
using Input = tl::expected<T, Answer>;

/// 422 naming the part of the request that is wrong, as an Input of any type.
tl::unexpected<Answer> wrong_input(std::string_view field, std::string_view what);

}  // namespace roost::api
