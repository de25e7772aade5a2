#include "common/base/memory_reserve.h"

#include <new>
#include <thread>

#include <doctest/doctest.h>

#include "common/base/memory_scope.h"

using roost::EssentialMemory;
using roost::MemoryReserve;
using roost::MemoryScope;

TEST_CASE("memory that is set aside is given back when an allocation fails, and taken again when there is some") {
  {
    const MemoryReserve reserve;
    CHECK_EQ(reserve.parts_left(), MemoryReserve::kParts);
    CHECK_FALSE(MemoryReserve::is_low());
    const std::new_handler on_failure = std::get_new_handler();
    REQUIRE(static_cast<bool>(on_failure));
    for (size_t i = 1; i <= MemoryReserve::kParts; ++i) {
      on_failure();  // what operator new does when malloc has nothing
      CHECK(MemoryReserve::is_low());
      CHECK_EQ(reserve.parts_left(), MemoryReserve::kParts - i);
    }
    CHECK(MemoryReserve::refill());
    CHECK_FALSE(MemoryReserve::is_low());
    CHECK_EQ(reserve.parts_left(), MemoryReserve::kParts);
  }
  CHECK_FALSE(static_cast<bool>(std::get_new_handler()));
  CHECK_FALSE(MemoryReserve::refill());
}

TEST_CASE("work that may be refused leaves the last of the reserve to what goes on") {
  const MemoryReserve reserve;
  const std::new_handler on_failure = std::get_new_handler();
  const uint64_t shortages = MemoryReserve::shortages();
  const uint64_t refusals = MemoryReserve::refusals();
  bool refused = false;
  roost::run_refusable(
      [&] {
        for (size_t i = MemoryReserve::kParts; i > MemoryReserve::kKept; --i) on_failure();
        {
          const EssentialMemory essential;
          on_failure();
          CHECK_EQ(reserve.parts_left(), MemoryReserve::kKept - 1);
        }
        CHECK(MemoryScope::now() == MemoryScope::Kind::refusable);
        on_failure();
        FAIL("it was to be refused");
      },
      [&] {
        refused = true;
        CHECK(MemoryScope::now() == MemoryScope::Kind::essential);
        on_failure();
      });
  CHECK(refused);
  CHECK(MemoryScope::now() == MemoryScope::Kind::essential);
  CHECK_EQ(reserve.parts_left(), MemoryReserve::kKept - 2);
  CHECK_EQ(MemoryReserve::refusals() - refusals, 1);
  CHECK_EQ(MemoryReserve::shortages() - shortages, MemoryReserve::kParts - MemoryReserve::kKept + 3);
}

TEST_CASE("without a reserve left what goes on waits for memory; threads that serve others not without end") {
  const MemoryReserve reserve(1);  // this thread serves
  const std::new_handler on_failure = std::get_new_handler();
  on_failure();
  CHECK_EQ(reserve.parts_left(), 0);
  const auto fail_often = [on_failure] {
    for (int64_t i = 0; i <= MemoryReserve::kMaxWaitMs; ++i) on_failure();
  };
  CHECK_FALSE(roost::run_contained(fail_often));
  bool waited = false;
  std::thread([&] { waited = roost::run_contained(fail_often); }).join();
  CHECK(waited);
}
