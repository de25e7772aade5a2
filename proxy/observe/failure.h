#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace roost::proxy {

/// Where on its way a request failed.
enum class Step : uint8_t {
  none,     ///< nowhere
  receive,  ///< reading the request from the client
  choose,   ///< no backend could be chosen
  connect,  ///< connecting to a backend
  send,     ///< sending the request to it
  head,     ///< waiting for the response's head
  body,     ///< reading the response's body
  deliver,  ///< writing the response to the client
};
constexpr size_t kSteps = 8;
std::string_view step_name(Step step);

constexpr size_t kSides = 3;
/// "client", "backend" or "internal": whose fault it was.
std::string_view side_name(Side side);

/// Why a request failed: for the access log and the counters, never for the client.
struct Failure {
  Side side = Side::internal;
  Step step = Step::none;  ///< none: it did not fail
  std::string what;        ///< one sentence; may name backends and system errors
};

/// How an answer ended.
enum class Ending : uint8_t {
  complete,     ///< all of it was handed to the kernel
  client_gone,  ///< the client left before that, or was too slow
  broken_off,   ///< the proxy ended it early, since the backend's response was not whole
  refused,      ///< the request was malformed or over a limit
};
constexpr size_t kEndings = 4;
std::string_view ending_name(Ending ending);

}  // namespace roost::proxy
