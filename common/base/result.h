#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace roost {

/// Whose doing an error is. It decides the status a client sees: client → 4xx, backend → 502/503/504, internal → 500.
enum class Side : unsigned char { client, backend, internal };

/// What went wrong with a peer, a disk or the network; a programmer error is a ROOST_CHECK instead.
struct Error {
  std::string what;            ///< One sentence for a person, naming the thing: "connect to 10.0.0.1:9001: refused".
  Side side = Side::internal;  ///< Whose doing it is.
  bool retryable = false;      ///< True when the same action may succeed elsewhere or later and did not happen here.
  int code = 0;                ///< errno, or an HTTP status where the side is the client's; 0 where there is none.
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail("…");` in a function that returns a Result.
inline tl::unexpected<Error> fail(std::string what, Side side = Side::internal, bool retryable = false, int code = 0) {
  return tl::unexpected<Error>(Error{std::move(what), side, retryable, code});
}

/// An error from errno: `what: strerror(errno_value)`, with the errno as its code.
tl::unexpected<Error> fail_errno(const std::string& what, int errno_value);

}  // namespace roost
