#include "common/cache/ghost_table.h"

#include <doctest/doctest.h>

using roost::cache::GhostTable;

namespace {

uint64_t spread(uint64_t i) {
  i = (i + 1) * 0x9e3779b97f4a7c15U;
  return i ^ (i >> 29);
}

int remembered(GhostTable& table, uint64_t first, uint64_t last) {
  int count = 0;
  for (uint64_t i = first; i < last; ++i) count += table.take(spread(i)) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a hash is remembered once") {
  GhostTable table(1000);
  CHECK_FALSE(table.take(spread(1)));
  table.insert(spread(1), 10);  // without room: nothing is kept
  CHECK_FALSE(table.take(spread(1)));
  table.reserve(100);
  table.insert(spread(1), 10);
  CHECK_FALSE(table.take(spread(2)));
  CHECK(table.take(spread(1)));
  CHECK_FALSE(table.take(spread(1)));
}

TEST_CASE("what is older than the window is forgotten") {
  GhostTable table(1000);
  table.reserve(1000);
  for (uint64_t i = 0; i < 200; ++i) table.insert(spread(i), 10);
  CHECK_EQ(remembered(table, 0, 99), 0);
  CHECK_GE(remembered(table, 100, 200), 98);
}

TEST_CASE("a window of many gigabytes works as a small one does") {
  constexpr uint64_t kCharge = uint64_t{1} << 30;
  GhostTable table(100 * kCharge);
  table.reserve(1000);
  for (uint64_t i = 0; i < 200; ++i) table.insert(spread(i), kCharge);
  CHECK_EQ(remembered(table, 0, 99), 0);
  CHECK_GE(remembered(table, 101, 200), 98);
}

TEST_CASE("slots are bounded, and the oldest make place") {
  GhostTable table(20'000);
  table.reserve(64);
  CHECK_EQ(table.slots(), 64);
  for (uint64_t i = 0; i < 10'000; ++i) table.insert(spread(i), 1);
  CHECK_EQ(table.slots(), 64);
  CHECK_EQ(remembered(table, 0, 9'000), 0);
  CHECK_GE(remembered(table, 9'980, 10'000), 18);
  table.reserve(GhostTable::kMaxSlots * 4);
  CHECK_EQ(table.slots(), GhostTable::kMaxSlots);
}

TEST_CASE("growing forgets nothing") {
  GhostTable table(1 << 30);
  table.reserve(1024);
  for (uint64_t i = 0; i < 200; ++i) table.insert(spread(i), 1);
  table.reserve(64 * 1024);
  CHECK_EQ(remembered(table, 0, 200), 200);
}
