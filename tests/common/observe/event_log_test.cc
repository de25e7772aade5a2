#include "common/observe/event_log.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace roost::observe;

TEST_CASE("an event is one line of words and fields") {
  std::vector<std::string> lines;
  EventLog log([&lines](EventLevel, std::string_view line) { lines.emplace_back(line); });
  log.warning("backend down", {{"backend", "10.0.0.1:9001"}, {"after_failures", 3}, {"ratio", 0.5}, {"last", true}});
  log.info("started");
  const std::string path = "/var/lib/some where";
  log.error("cannot write", {{"path", path}, {"said", "a \"b\"\\\nINFO forged\x7f"}, {"empty", ""}});
  REQUIRE_EQ(lines.size(), 3);
  CHECK_EQ(lines[0], "backend down backend=10.0.0.1:9001 after_failures=3 ratio=0.5 last=true");
  CHECK_EQ(lines[1], "started");
  CHECK_EQ(lines[2],
           "cannot write path=\"/var/lib/some where\" said=\"a \\\"b\\\"\\\\\\x0aINFO forged\\x7f\" empty=\"\"");
}

TEST_CASE("events below the lowest level are left out") {
  int events = 0;
  EventLog log([&events](EventLevel, std::string_view) { ++events; }, EventLevel::warning);
  log.debug("a");
  log.info("b");
  log.warning("c");
  log.error("d");
  CHECK_EQ(events, 2);
}
