#include "proxy/command_line.h"

#include <doctest/doctest.h>

using namespace roost::proxy;

TEST_CASE("flags set fields, repeated ones make a list") {
  const auto line = parse_command_line({"--upstream", "a:1", "--threads=2", "--upstream", "b:2", "--config", "f.toml"});
  REQUIRE(line);
  CHECK(line->sources.file == "f.toml");
  REQUIRE(line->sources.flags.size() == 2);
  CHECK(line->sources.flags[0].text == "a:1,b:2");
  CHECK(line->sources.flags[0].written == "--upstream");
  CHECK(line->sources.flags[1].section == "proxy");
  CHECK(line->sources.flags[1].field == "threads");
  CHECK(line->sources.flags[1].text == "2");
}

TEST_CASE("switches") {
  const auto line = parse_command_line({"--check", "--print-config"});
  REQUIRE(line);
  CHECK(line->check);
  CHECK(line->print_config);
  CHECK_FALSE(line->version);
  CHECK(parse_command_line({"--version"})->version);
  CHECK(parse_command_line({"-h"})->help);
}

TEST_CASE("wrong usage names the flag and the nearest there is") {
  CHECK(parse_command_line({"--thread", "2"}).error().what == "unknown flag --thread; did you mean --threads?");
  CHECK(parse_command_line({"--listen"}).error().what == "--listen needs a value");
  CHECK(parse_command_line({"file.toml"}).error().what.starts_with("unknown flag file.toml"));
  CHECK_FALSE(parse_command_line({"--check=yes"}));
}

TEST_CASE("every flag of the table is in the usage") {
  for (const char* flag : {"--config", "--listen", "--upstream", "--threads", "--admin", "--access-log", "--hosts-file",
                           "--cache-size", "--cache-ttl", "--check", "--print-config", "--version"}) {
    CAPTURE(flag);
    CHECK(usage().find(flag) != std::string::npos);
  }
}
