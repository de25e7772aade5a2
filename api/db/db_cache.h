#pragma once

#include <string>
#include <utility>

#include "api/db/done.h"
#include "api/db/read_for.h"
#include "common/cache/read_through.h"

namespace roost::api {

using cache::Reading;

/// Caches reads of the database: cache::ReadThrough with the API's groups. Loop thread only.
class DbCache : public cache::ReadThrough {
 public:
  using ReadThrough::ReadThrough;
  /// Single tweets and profiles are invalidated by key. Lists contain many tweets, so a change of any tweet invalidates
  /// all of them; likewise the lists and searches of users.
  enum class Group : cache::ReadThrough::Group { tweet = kNoGroup + 1, list, profile, people };

  template <cache::Readable T, class Load>
  void get(std::string key, Group group, Use use, Load&& load, Done<Reading<T>> done) {
    ReadThrough::get<T>(std::move(key), static_cast<ReadThrough::Group>(group), use, std::forward<Load>(load),
                        std::move(done));
  }
  /// Invalidates all lists of tweets.
  void invalidate_lists() { drop(Group::list); }
  /// Invalidates all lists and searches of users.
  void invalidate_people() { drop(Group::people); }
  /// Invalidates everything.
  void invalidate_all() {
    for (const Group group : {Group::tweet, Group::list, Group::profile, Group::people}) drop(group);
  }

 private:
  void drop(Group group) { invalidate_group(static_cast<ReadThrough::Group>(group)); }
};

/// A read past the cache is to show the present, so no replica answers it.
inline ReadFor read_for(const std::string& request_id, DbCache::Use use) {
  return {request_id, use == DbCache::Use::bypass ? Freshness::current : Freshness::bounded};
}

}  // namespace roost::api
