#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/config/field_table.h"

namespace roost::config {

/// How the programs exit.
constexpr int kExitSuccess = 0;
constexpr int kExitFailed = 1;      ///< what was asked for could not be done: a port in use, a disk, a database
constexpr int kExitWrongUsage = 2;  ///< a mistake in the command line, the configuration or the environment

/// A flag of the command line that sets one field of the configuration.
struct FieldFlag {
  std::string flag;     ///< "--listen"
  std::string section;  ///< "api"
  std::string field;    ///< "listen"
  std::string value;    ///< what --help calls the value ("ADDR"); empty: the flag takes none and sets the field to true
  std::string prose;    ///< one line for --help
  bool repeated = false;  ///< may be given several times, for a field that is a list; else twice is wrong usage
};

/// A command line that was read.
struct CommandLine {
  /// A field flag that was given; the values of a repeated one are joined with commas.
  struct Setting {
    std::string section, field, text, flag;
  };

  std::string file;  ///< of --config; empty for none
  bool check = false;
  bool print_config = false;
  bool print_reference = false;  ///< of the configuration: see reference()
  bool help = false;
  bool version = false;
  std::vector<Setting> settings;

  /// Once all sources have been read: prints the configuration if it is asked for, and what is wrong with it on
  /// standard error. The exit code, where there is nothing more to do.
  std::optional<int> ended(const FieldTable& table) const;
  /// Sets the fields given, after the file and the environment have been read. Mistakes go to table.problems().
  void set_fields(FieldTable& table) const;
};

/// The command line that all programs share: --config FILE, --check, --print-config, --print-config-reference,
/// --version,
/// --help, and the flags that set fields. Values follow as `--flag VALUE` or `--flag=VALUE`; there are no positional
/// arguments.
class CommandLineParser {
 public:
  /// `program` is its name ("roost-api"), `summary` what --help says first.
  CommandLineParser(std::string program, std::string summary, std::vector<FieldFlag> flags);

  /// `arguments` without the program's name. The error, one sentence, names the flag that is wrong and the nearest
  /// known one.
  Result<CommandLine> parse(const std::vector<std::string>& arguments) const;

  /// The arguments of main(). Without a command line to go on with, the exit code: kExitSuccess after --help or
  /// --version has been printed, kExitWrongUsage after the error and the usage have been (on standard error).
  tl::expected<CommandLine, int> read(int argc, const char* const* argv) const;

  /// The text of --help.
  std::string usage() const;
  const std::vector<FieldFlag>& flags() const { return flags_; }

 private:
  std::vector<std::string> split_values(const std::vector<std::string>& arguments) const;
  std::string unknown_flag(const std::string& argument) const;

  std::string program_;
  std::string summary_;
  std::vector<FieldFlag> flags_;
};

}  // namespace roost::config
