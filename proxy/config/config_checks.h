#pragma once

#include "common/config/field_table.h"
#include "proxy/config/config.h"

namespace roost::proxy {

/// Checks that the values of a configuration fit together, after it has been completed (see ConfigLoader). Mistakes are
/// added to the table's problems, each with the place it is written at. Reads the file system, but changes nothing.
class ConfigChecks {
 public:
  ConfigChecks(config::FieldTable& table, const Config& config) : table_(table), config_(config) {}
  void run();

 private:
  void check_listeners();
  void check_admin();
  void check_pools();
  void check_backends(const PoolSection& pool, const config::Place& place);
  void check_routes();
  void check_cache();
  void check_files();

  config::FieldTable& table_;
  const Config& config_;
};

}  // namespace roost::proxy
