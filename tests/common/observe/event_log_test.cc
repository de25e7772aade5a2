#include "common/observe/event_log.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/observe/event_limiter.h"

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

TEST_CASE("a flood of one kind of event is cut, and told of") {
  std::vector<std::string> lines;
  {
    EventLog log([&lines](EventLevel, std::string_view line) { lines.emplace_back(line); });
    for (uint64_t i = 0; i < EventLimiter::kBurst + 312; ++i) log.warning("refused", {{"client", "10.0.0.1"}});
    log.info("started");
  }
  REQUIRE_EQ(lines.size(), EventLimiter::kBurst + 2);
  CHECK_EQ(lines[EventLimiter::kBurst - 1], "refused client=10.0.0.1");
  CHECK_EQ(lines[EventLimiter::kBurst], "started");
  CHECK_EQ(lines.back(), "and more like it event=refused count=312");
}

TEST_CASE("the trouble of a log is told once, and its end") {
  std::vector<std::string> lines;
  EventLog log([&lines](EventLevel, std::string_view line) { lines.emplace_back(line); });
  const auto report = log_report(log, "a.log");
  report(roost::fail("no space"));
  report({});
  CHECK_EQ(lines,
           std::vector<std::string>{"log cannot be written error=\"no space\"", "log is written again path=a.log"});
}
