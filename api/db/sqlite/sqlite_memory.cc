#include "api/db/sqlite/sqlite_memory.h"

#include <cstdlib>

#include <malloc.h>
#include <sqlite3.h>

#include "common/base/check.h"
#include "common/base/essential_malloc.h"

namespace roost::api {

void use_reserve_for_sqlite() {
  static sqlite3_mem_methods methods{
      [](int bytes) { return essential_malloc(static_cast<size_t>(bytes)); },
      [](void* memory) { std::free(memory); },
      [](void* memory, int bytes) { return essential_realloc(memory, static_cast<size_t>(bytes)); },
      [](void* memory) { return static_cast<int>(malloc_usable_size(memory)); },
      [](int bytes) { return (bytes + 7) & ~7; },
      [](void*) { return SQLITE_OK; },
      [](void*) {},
      nullptr,
  };
  ROOST_CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
}

}  // namespace roost::api
