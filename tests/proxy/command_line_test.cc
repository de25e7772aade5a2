#include "proxy/command_line.h"

#include <doctest/doctest.h>

using namespace roost;
using proxy::command_line;

TEST_CASE("flags set fields, repeated ones make a list") {
  const auto line =
      command_line().parse({"--upstream", "a:1", "--threads=2", "--upstream", "b:2", "--config", "f.toml"});
  REQUIRE(line);
  CHECK(line->file == "f.toml");
  REQUIRE(line->settings.size() == 2);
  CHECK(line->settings[0].text == "a:1,b:2");
  CHECK(line->settings[0].flag == "--upstream");
  CHECK(line->settings[1].section == "proxy");
  CHECK(line->settings[1].field == "threads");
  CHECK(line->settings[1].text == "2");
}

TEST_CASE("switches") {
  const auto line = command_line().parse({"--check", "--print-config"});
  REQUIRE(line);
  CHECK(line->check);
  CHECK(line->print_config);
  CHECK_FALSE(line->version);
  CHECK(command_line().parse({"--version"})->version);
  CHECK(command_line().parse({"-h"})->help);
}

TEST_CASE("wrong usage names the flag and the nearest there is") {
  const auto wrong = [](const std::vector<std::string>& arguments) {
    const auto line = command_line().parse(arguments);
    return line ? "nothing" : line.error().what;
  };
  CHECK(wrong({"--thread", "2"}) == "unknown flag --thread; did you mean --threads?");
  CHECK(wrong({"--listen"}) == "--listen needs a value");
  CHECK(wrong({"file.toml"}).starts_with("unknown flag file.toml"));
  CHECK(wrong({"--check=yes"}) != "nothing");
  CHECK(wrong({"--threads=1", "--threads=2"}) == "--threads may be given only once");
}

TEST_CASE("every flag of the table is in the usage") {
  const std::string usage = command_line().usage();
  for (const char* flag : {"--config", "--listen", "--upstream", "--threads", "--admin", "--access-log", "--hosts-file",
                           "--cache-size", "--cache-ttl", "--check", "--print-config", "--version"}) {
    CAPTURE(flag);
    CHECK(usage.find(flag) != std::string::npos);
  }
}
