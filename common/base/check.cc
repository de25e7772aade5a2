#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace roost {

void check_failed(const char* condition, const char* file, int line, const char* function) noexcept {
  std::fprintf(stderr, "%s:%d: ROOST_CHECK(%s) failed in %s\n", file, line, condition, function);
  std::abort();
}

}  // namespace roost
