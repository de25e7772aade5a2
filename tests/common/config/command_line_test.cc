#include "common/config/command_line.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::config;

namespace {

const CommandLineParser& parser() {
  static const CommandLineParser kParser("roost-x", "roost-x: a program\n\n  roost-x [flags]",
                                         {{"--listen", "x", "listen", "ADDR", "where to listen; may be repeated", true},
                                          {"--threads", "x", "threads", "N", "how many threads"},
                                          {"--demo", "x", "demo", "", "fill it with samples"}});
  return kParser;
}

std::string wrong(const std::vector<std::string>& arguments) {
  const auto line = parser().parse(arguments);
  return line ? "nothing" : line.error().what;
}

}  // namespace

TEST_CASE("field flags: values, lists and switches") {
  const auto line = parser().parse({"--listen", "a:1", "--threads=2", "--listen=b:2", "--demo", "--config", "f.toml"});
  REQUIRE(line);
  CHECK(line->file == "f.toml");
  REQUIRE(line->settings.size() == 3);
  CHECK(line->settings[0].section == "x");
  CHECK(line->settings[0].field == "listen");
  CHECK(line->settings[0].text == "a:1,b:2");
  CHECK(line->settings[0].flag == "--listen");
  CHECK(line->settings[1].text == "2");
  CHECK(line->settings[2].text == "true");
  CHECK(parser().parse({})->settings.empty());
}

TEST_CASE("values that look like something else") {
  CHECK(parser().parse({"--listen", "-"})->settings[0].text == "-");
  CHECK(parser().parse({"--listen", "[::1]:80"})->settings[0].text == "[::1]:80");
  CHECK(parser().parse({"--listen=a=b"})->settings[0].text == "a=b");
  CHECK(parser().parse({"--listen", "--threads=1"})->settings[0].text == "--threads=1");
  const auto empty = parser().parse({"--listen=", "--check"});
  REQUIRE(empty);
  CHECK(empty->settings[0].text.empty());
  CHECK(empty->check);
}

TEST_CASE("switches") {
  const auto line = parser().parse({"--check", "--print-config"});
  REQUIRE(line);
  CHECK(line->check);
  CHECK(line->print_config);
  CHECK_FALSE(line->version);
  CHECK_FALSE(line->help);
  CHECK(parser().parse({"--version"})->version);
  CHECK(parser().parse({"--help"})->help);
  CHECK(parser().parse({"-h"})->help);
}

TEST_CASE("wrong usage names the flag and the nearest there is") {
  CHECK(wrong({"--thread", "2"}) == "unknown flag --thread; did you mean --threads?");
  CHECK(wrong({"--thread=2"}) == "unknown flag --thread; did you mean --threads?");
  CHECK(wrong({"file.toml"}).starts_with("unknown flag file.toml"));
  CHECK(wrong({"--listen"}) == "--listen needs a value");
  CHECK(wrong({"--config"}) == "--config needs a value");
  CHECK(wrong({"--threads", "1", "--threads", "2"}) == "--threads may be given only once");
  CHECK(wrong({"--check=yes"}) != "nothing");
  CHECK(wrong({"--demo=false"}) != "nothing");
}

TEST_CASE("read: exit codes for main") {
  const char* const good[] = {"roost-x", "--check"};
  const auto line = parser().read(2, good);
  REQUIRE(line);
  CHECK(line->check);
  const char* const version[] = {"roost-x", "--version"};
  CHECK(parser().read(2, version).error() == kExitSuccess);
  const char* const bad[] = {"roost-x", "--no-such-flag"};
  CHECK(parser().read(2, bad).error() == kExitWrongUsage);
}

TEST_CASE("settings override what the table holds; mistakes are the table's problems") {
  std::vector<std::string> listen = {"default:1"};
  int64_t threads = 1;
  FieldTable table;
  table.section("x").list("listen", &listen, "where").number("threads", &threads, {1, 9}, "how many");
  table.read_text("[x]\nthreads = 4\n", "f.toml");
  parser().parse({"--threads", "5", "--listen", "a:1", "--listen", "b:2"})->set_fields(table);
  CHECK(threads == 5);
  CHECK(listen == std::vector<std::string>{"a:1", "b:2"});
  CHECK(table.problems().empty());
  parser().parse({"--threads", "many"})->set_fields(table);
  REQUIRE(table.problems().size() == 1);
  CHECK(table.problems()[0].to_string().find("--threads") != std::string::npos);
}

TEST_CASE("every flag is in the usage, after the summary") {
  const std::string usage = parser().usage();
  CHECK(usage.starts_with("roost-x: a program"));
  for (const char* flag : {"--config FILE", "--listen ADDR", "--threads N", "--demo", "--check", "--print-config",
                           "--version", "--help"}) {
    CAPTURE(flag);
    CHECK(usage.find(flag) != std::string::npos);
  }
}
