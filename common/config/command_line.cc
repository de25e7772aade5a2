#include "common/config/command_line.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace roost::config {
namespace {

constexpr size_t kHelpColumn = 28;

/// The library's parser for one set of flags, and the places it writes to.
class Parser {
 public:
  Parser(const std::string& program, const std::string& summary, const std::vector<FieldFlag>& flags)
      : app_(summary, program), flags_(flags), values_(flags.size()) {
    app_.set_help_flag();  // --help is read as a flag like the others: the caller prints
    app_.allow_extras();   // to name the nearest known flag
    app_.get_formatter()->column_width(kHelpColumn);
    app_.footer("Exit codes: 0 ended as asked, 1 could not start or failed, 2 wrong usage or configuration");
    app_.add_option("--config", line_.file, "read this TOML file; flags and ROOST_* variables override it")
        ->type_name("FILE");
    for (size_t i = 0; i < flags.size(); ++i) add_field(flags[i], values_[i]);
    add_switch("--check", line_.check, "check the configuration, print what is wrong and exit");
    add_switch("--print-config", line_.print_config,
               "print the effective configuration with the origin of each value and exit");
    add_switch("--print-config-reference", line_.print_reference,
               "print every setting with its default, bounds and meaning, in Markdown, and exit");
    add_switch("--version", line_.version, "print the version and exit");
    add_switch("-h,--help", line_.help, "print this help and exit");
  }

  /// The arguments left over.
  std::vector<std::string> parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // the order the library takes them in
    app_.parse(std::move(arguments));
    return app_.remaining();
  }

  Result<CommandLine> line() {
    for (size_t i = 0; i < flags_.size(); ++i) {
      const FieldFlag& flag = flags_[i];
      if (values_[i].empty()) continue;
      if (values_[i].size() > 1 && !flag.repeated) return fail(flag.flag + " may be given only once", Side::client);
      line_.settings.push_back({flag.section, flag.field, fmt::format("{}", fmt::join(values_[i], ",")), flag.flag});
    }
    return std::move(line_);
  }

  std::string help() const { return app_.help(); }

 private:
  void add_field(const FieldFlag& flag, std::vector<std::string>& values) {
    if (flag.value.empty()) {
      app_.add_flag_callback(
              flag.flag, [&values] { values.assign(1, "true"); }, flag.prose)
          ->disable_flag_override();
    } else {
      // Taking all even of a flag that is wanted once, so that line() can say so.
      CLI::Option* option = app_.add_option(flag.flag, values, flag.prose)->allow_extra_args(false);
      option->type_name(flag.value);
      if (!flag.repeated) option->take_all()->expected(1);
    }
  }
  void add_switch(const std::string& names, bool& target, const std::string& prose) {
    app_.add_flag(names, target, prose)->disable_flag_override();
  }

  CLI::App app_;
  const std::vector<FieldFlag>& flags_;
  std::vector<std::vector<std::string>> values_;  // given for each of flags_
  CommandLine line_;
};

/// The library's sentence "--listen: 1 required ADDR missing" in plain words; others as they are.
std::string mismatch(const std::string& sentence) {
  const size_t colon = sentence.find(": ");
  if (colon == std::string::npos || !sentence.ends_with(" missing")) return sentence;
  return sentence.substr(0, colon) + " needs a value";
}

}  // namespace

std::optional<int> CommandLine::ended(const FieldTable& table) const {
  if (print_config) fmt::print("{}", table.to_toml());
  for (const Problem& problem : table.problems()) fmt::print(stderr, "{}\n", problem.to_string());
  if (!table.problems().empty()) return kExitWrongUsage;
  if (!print_config && !check) return std::nullopt;
  if (!print_config) fmt::print("the configuration is good\n");
  return kExitSuccess;
}

void CommandLine::set_fields(FieldTable& table) const {
  for (const Setting& setting : settings) table.set_flag(setting.section, setting.field, setting.text, setting.flag);
}

CommandLineParser::CommandLineParser(std::string program, std::string summary, std::vector<FieldFlag> flags)
    : program_(std::move(program)), summary_(std::move(summary)), flags_(std::move(flags)) {}

// "--flag=VALUE" in two, also where VALUE is empty, for which the library would take the next argument.
std::vector<std::string> CommandLineParser::split_values(const std::vector<std::string>& arguments) const {
  const auto takes_value = [&](std::string_view name) {
    return name == "--config" || std::any_of(flags_.begin(), flags_.end(), [&](const FieldFlag& flag) {
             return flag.flag == name && !flag.value.empty();
           });
  };
  std::vector<std::string> split;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const bool is_value = !split.empty() && takes_value(split.back());
    split.push_back(is_value || !takes_value(name) ? argument : name);
    if (!is_value && equals != std::string::npos && takes_value(name)) split.push_back(argument.substr(equals + 1));
  }
  return split;
}

std::string CommandLineParser::unknown_flag(const std::string& argument) const {
  std::vector<std::string> known = {"--check",   "--print-config", "--print-config-reference",
                                    "--version", "--help",         "--config"};
  for (const FieldFlag& flag : flags_) known.push_back(flag.flag);
  const std::string name = argument.substr(0, argument.find('='));
  const std::string_view nearest = nearest_name(name, known);
  return fmt::format("unknown flag {}{}", name, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

Result<CommandLine> CommandLineParser::parse(const std::vector<std::string>& arguments) const {
  Parser parser(program_, summary_, flags_);
  try {
    const std::vector<std::string> left = parser.parse(split_values(arguments));
    if (!left.empty()) return fail(unknown_flag(left.front()), Side::client);
  } catch (const CLI::ParseError& error) {
    return fail(mismatch(error.what()), Side::client);
  }
  return parser.line();
}

tl::expected<CommandLine, int> CommandLineParser::read(int argc, const char* const* argv) const {
  auto line = parse(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (!line) {
    fmt::print(stderr, "{}: {}\n\n{}", program_, line.error().what, usage());
    return tl::unexpected<int>(kExitWrongUsage);
  }
  if (!line->help && !line->version) return std::move(*line);
  fmt::print("{}", line->help ? usage() : fmt::format("{} {}\n", program_, ROOST_VERSION));
  return tl::unexpected<int>(kExitSuccess);
}

std::string CommandLineParser::usage() const {
  return Parser(program_, summary_, flags_).help();
}

}  // namespace roost::config
