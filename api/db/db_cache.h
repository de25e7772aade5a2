#pragma once

#include <string>
#include <utility>

#include "api/db/done.h"
#include "common/cache/read_through.h"

namespace roost::api {

using cache::Reading;

/// What was read from the database, kept for a while: cache::ReadThrough with the groups the API has. Loop thread only.
class DbCache : public cache::ReadThrough {
 public:
  using ReadThrough::ReadThrough;
  /// Single tweets and profiles are dropped by their keys. Lists contain many tweets, and any change of any tweet drops
  /// them all; the same goes for what is found among people.
  enum class Group : cache::ReadThrough::Group { tweet = kNoGroup + 1, list, profile, people };

  template <cache::Readable T, class Load>
  void get(std::string key, Group group, Use use, Load&& load, Done<Reading<T>> done) {
    ReadThrough::get<T>(std::move(key), static_cast<ReadThrough::Group>(group), use, std::forward<Load>(load),
                        std::move(done));
  }
  /// What was read of any list is no longer so.
  void invalidate_lists() { drop(Group::list); }
  /// What was read of any list of people, or found among them, is no longer so.
  void invalidate_people() { drop(Group::people); }
  /// Nothing that was read is so any more.
  void invalidate_all() {
    for (const Group group : {Group::tweet, Group::list, Group::profile, Group::people}) drop(group);
  }

 private:
  void drop(Group group) { invalidate_group(static_cast<ReadThrough::Group>(group)); }
};

}  // namespace roost::api
