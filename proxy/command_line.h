#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "proxy/runtime/config.h"

namespace roost::proxy {

/// What the user asked for on the command line.
struct CommandLine {
  ConfigSources sources;  ///< the environment is not set here
  bool check = false;
  bool print_config = false;
  bool version = false;
  bool help = false;
};

/// "--flag value" and "--flag=value"; --listen and --upstream may be given more than once. The error, a wrong usage,
/// names the flag and the nearest one there is.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

/// The text of --help.
std::string usage();

}  // namespace roost::proxy
