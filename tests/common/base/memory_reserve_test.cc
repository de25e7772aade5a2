#include "common/base/memory_reserve.h"

#include <new>

#include <doctest/doctest.h>

using roost::MemoryReserve;

TEST_CASE("a reserve helps as long as it lasts, and is filled again") {
  {
    const MemoryReserve reserve;
    CHECK_EQ(reserve.parts_left(), MemoryReserve::kParts);
    CHECK_FALSE(MemoryReserve::is_low());
    const std::new_handler on_failure = std::get_new_handler();
    REQUIRE(static_cast<bool>(on_failure));
    for (size_t i = 1; i <= MemoryReserve::kParts; ++i) {
      on_failure();  // as an allocation does that fails
      CHECK(MemoryReserve::is_low());
      CHECK_EQ(reserve.parts_left(), MemoryReserve::kParts - i);
    }
    CHECK_THROWS_AS(on_failure(), std::bad_alloc);
    CHECK(MemoryReserve::refill());
    CHECK_FALSE(MemoryReserve::is_low());
    CHECK_EQ(reserve.parts_left(), MemoryReserve::kParts);
  }
  CHECK_FALSE(static_cast<bool>(std::get_new_handler()));
  CHECK_FALSE(MemoryReserve::refill());
}
