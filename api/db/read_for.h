#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace roost::api {

/// Where a read may be answered, if the database has replicas.
enum class Freshness : uint8_t {
  bounded,  ///< by a replica that is no older than replica_max_lag
  current,  ///< by the primary: what was committed before is seen
};

/// What a read is for. `request_id` is only for the log of accesses.
struct ReadFor {
  ReadFor(std::string id, Freshness wanted = Freshness::bounded) : request_id(std::move(id)), freshness(wanted) {}
  ReadFor(const char* id) : request_id(id) {}
  std::string request_id;
  Freshness freshness = Freshness::bounded;
};

}  // namespace roost::api
