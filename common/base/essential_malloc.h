#pragma once

#include <cstddef>

namespace roost {

/// malloc, realloc and calloc for C libraries that do not bear a failure: with the help of the MemoryReserve, and
/// patient, as `new` is in essential work (MemoryScope). Null only where `new` would throw. Freed by free(). Any
/// thread.
void* essential_malloc(size_t bytes);
void* essential_realloc(void* memory, size_t bytes);
void* essential_calloc(size_t count, size_t bytes);

}  // namespace roost
