#include "common/base/result.h"

#include <system_error>

namespace roost {

tl::unexpected<Error> fail_errno(const std::string& what, int errno_value) {
  return fail(what + ": " + std::generic_category().message(errno_value), Side::internal, false, errno_value);
}

}  // namespace roost
