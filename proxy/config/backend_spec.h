#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::proxy {

/// A backend as the configuration writes it: "HOST:PORT" or "HOST:PORT weight=N".
struct BackendSpec {
  net::HostPort host;
  uint32_t weight = 1;
  static constexpr uint32_t kMaxWeight = 1'000;
  static Result<BackendSpec> parse(std::string_view text);
};

/// What is wrong with a backend's text, for config::Section; empty when nothing is.
std::string check_backend(std::string_view text);

}  // namespace roost::proxy
