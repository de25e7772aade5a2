#pragma once

#include <string>
#include <vector>

#include "common/config/command_line.h"
#include "common/config/field_table.h"

namespace roost::config {

/// All settings of a program as Markdown: for each table of `table` a heading and a row per field, with its default,
/// its bounds, its description and the flag that sets it. `table` is declared and has not been read, nor is it
/// afterwards.
std::string reference(FieldTable& table, const std::vector<FieldFlag>& flags);

}  // namespace roost::config
