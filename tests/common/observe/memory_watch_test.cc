#include "common/observe/memory_watch.h"

#include <new>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/base/memory_reserve.h"

using roost::MemoryReserve;
using namespace roost::observe;

TEST_CASE("a lack of memory is told of once, caches give way until it is over, and its end is told of") {
  std::vector<std::string> lines;
  EventLog events([&](EventLevel, std::string_view line) { lines.emplace_back(line); });
  MetricRegistry metrics;
  MemoryWatch watch(events, metrics.make_scope());
  const MemoryReserve reserve;
  int given_back = 0;
  const auto look = [&] { return watch.look([&] { ++given_back; }); };
  look();  // what other tests have left
  look();
  lines.clear();
  given_back = 0;
  CHECK_FALSE(look());
  CHECK(lines.empty());

  std::get_new_handler()();  // an allocation fails
  watch.refresh();
  CHECK_NE(metrics.exposition().find("roost_memory_low 1\n"), std::string::npos);
  CHECK_FALSE(look());
  CHECK_FALSE(MemoryReserve::is_low());  // the reserve could be filled
  std::get_new_handler()();
  CHECK_FALSE(look());
  CHECK_EQ(given_back, 2);
  REQUIRE_EQ(lines.size(), 1);
  CHECK(lines.back().starts_with("memory is low"));
  CHECK(look());
  CHECK_EQ(given_back, 2);
  REQUIRE_EQ(lines.size(), 2);
  CHECK(lines.back().starts_with("memory is there again"));
  watch.refresh();
  CHECK_NE(metrics.exposition().find("roost_memory_low 0\n"), std::string::npos);
}
