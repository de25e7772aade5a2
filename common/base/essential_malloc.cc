#include "common/base/essential_malloc.h"

#include <cstdlib>
#include <new>

#include "common/base/memory_scope.h"

namespace roost {

namespace {

template <class Allocate>
void* with_help(const Allocate& allocate) {
  const EssentialMemory essential;
  while (true) {
    if (void* memory = allocate(); memory != nullptr) return memory;
    const std::new_handler help = std::get_new_handler();
    if (help == nullptr || !run_contained(help)) return nullptr;
  }
}

}  // namespace

void* essential_malloc(size_t bytes) {
  return with_help([bytes] { return std::malloc(bytes); });
}

void* essential_realloc(void* memory, size_t bytes) {
  if (bytes > 0) return with_help([memory, bytes] { return std::realloc(memory, bytes); });
  std::free(memory);
  return nullptr;
}

void* essential_calloc(size_t count, size_t bytes) {
  return with_help([count, bytes] { return std::calloc(count, bytes); });
}

}  // namespace roost
