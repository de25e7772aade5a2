#pragma once

#include "common/config/command_line.h"

namespace roost::proxy {

/// The command line of roost-proxy.
config::CommandLineParser command_line();

}  // namespace roost::proxy
