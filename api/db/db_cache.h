#pragma once

#include <string>
#include <utility>

#include "api/db/done.h"
#include "common/cache/read_through.h"

namespace roost::api {

using cache::Reading;

/// What was read from the database, kept for a while: cache::ReadThrough with the one group the API has. Lists contain
/// many tweets, and any change of any tweet drops them all. Loop thread only.
class DbCache : public cache::ReadThrough {
 public:
  using ReadThrough::ReadThrough;
  enum class Group : cache::ReadThrough::Group { single = kNoGroup, list };

  template <cache::Readable T, class Load>
  void get(std::string key, Group group, Use use, Load&& load, Done<Reading<T>> done) {
    ReadThrough::get<T>(std::move(key), static_cast<ReadThrough::Group>(group), use, std::forward<Load>(load),
                        std::move(done));
  }
  /// What was read of any list is no longer so.
  void invalidate_lists() { invalidate_group(static_cast<ReadThrough::Group>(Group::list)); }
};

}  // namespace roost::api
