#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "batcher/sink.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// What the sinks of likes of both databases share. A key is the id of a tweet; likes of a tweet that no longer exists
/// are dropped. Separate from Database because the batcher calls a sink on a thread that may block, and goes on when
/// the event loop that Database answers on has stopped. Each call ends within a few seconds.
class LikeStore : public batcher::Sink {
 public:
  static constexpr int64_t kTokenMemoryMs = 3'600'000;  ///< How long tokens are kept; see TokenClock.
  static constexpr int64_t kPruneIntervalMs = 60'000;   ///< How often older tokens are deleted.
  static constexpr int64_t kMaxPruned = 20'000;         ///< The most that one statement deletes.
  static_assert(kTokenMemoryMs >= kSinkRemembersMs);

 protected:
  /// The text in the table database_identity as a store's identity.
  static Result<std::optional<batcher::StoreId>> read_identity(std::string_view text) {
    const auto store = batcher::StoreId::parse(text);
    if (!store) return fail("the identity of the database is malformed");
    return store;
  }
  /// `events` outlives the store.
  explicit LikeStore(observe::EventLog& events) : events_(events) {}
  /// Logs why a batch was not applied, or why that is not known; returns `outcome`.
  batcher::Outcome failed(batcher::Outcome outcome, const batcher::JournalId& journal, const batcher::Batch& batch,
                          std::string_view why) {
    events_.warning("likes not applied", {{"journal", journal.hex()}, {"batch", batch.sequence}, {"why", why}});
    return outcome;
  }

 private:
  observe::EventLog& events_;
};

}  // namespace roost::api
